"""Where the history lies and how to read it: `history/events` and `history/profile` (contract 1).

    history/
      events/month=YYYY-MM/*.parquet    one part per import, batch and month; sorted by (user_id, event_time) within
      profile/*.parquet                 facts; latest (event_time, recorded_at) wins
      aliases/*.parquet                 ids that became known users, and since when
      .imports/                         lock and journals of the imports; readers have no business there

A file whose name ends in `.parquet` is whole and final: writers use another name until then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from strata.errors import InputInvalid
from strata.events import event_schema

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.dataset as ds

EVENTS: Final = "events"
PROFILE: Final = "profile"
ALIASES: Final = "aliases"
IMPORTS: Final = ".imports"
MONTH_PREFIX: Final = "month="
EVENTS_GLOB: Final = f"{EVENTS}/{MONTH_PREFIX}*/*.parquet"
PROFILE_GLOB: Final = f"{PROFILE}/*.parquet"
ALIASES_GLOB: Final = f"{ALIASES}/*.parquet"


@dataclass(frozen=True)
class History:
    """The folders of one history; `root` is `Settings.history`."""

    root: Path

    @property
    def events(self) -> Path:
        return self.root / EVENTS

    @property
    def profile(self) -> Path:
        return self.root / PROFILE

    @property
    def aliases(self) -> Path:
        return self.root / ALIASES

    @property
    def imports(self) -> Path:
        return self.root / IMPORTS

    def event_files(self) -> list[Path]:
        """Every part of the events, sorted by name."""
        return sorted(self.root.glob(EVENTS_GLOB))

    def profile_files(self) -> list[Path]:
        """Every part of the facts, sorted by name."""
        return sorted(self.root.glob(PROFILE_GLOB))

    def alias_files(self) -> list[Path]:
        """Every part of the aliases, sorted by name."""
        return sorted(self.root.glob(ALIASES_GLOB))


def events_path(root: Path) -> Path:
    """The folder that holds the month folders."""
    return History(root).events


def month_of(at_us: int) -> str:
    """The month folder of an instant, UTC.

    >>> month_of(1_483_228_800_000_000)
    'month=2017-01'
    """
    return MONTH_PREFIX + str(np.datetime64(at_us, "us").astype("datetime64[M]"))


def scan_batches(
    root: Path,
    start_us: int | None = None,
    end_us: int | None = None,
    users: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
) -> Iterator[pa.RecordBatch]:
    """Stream the events with `start_us <= event_time < end_us`, of some users or of all, in no promised order.

    `columns` names columns of the event schema. Files of months outside the range are not opened.
    """
    found = _dataset(History(root), start_us, end_us)
    yield from found.to_batches(columns=_known(columns), filter=_condition(start_us, end_us, users))


def scan_events(
    root: Path,
    start_us: int | None = None,
    end_us: int | None = None,
    users: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
) -> pa.Table:
    """As `scan_batches`, as one table in memory; without events it is empty, with the right columns."""
    found = _dataset(History(root), start_us, end_us)
    return found.to_table(columns=_known(columns), filter=_condition(start_us, end_us, users))


def _dataset(history: History, start_us: int | None, end_us: int | None) -> ds.Dataset:
    import pyarrow.dataset as ds

    first = month_of(start_us) if start_us is not None else ""
    last = month_of(end_us) if end_us is not None else "~"
    files = [str(path) for path in history.event_files() if first <= path.parent.name <= last]
    return ds.dataset(files, schema=event_schema(), format="parquet")


def _known(columns: Sequence[str] | None) -> list[str]:
    names = list(event_schema().names)
    strange = sorted(set(columns or ()) - set(names))
    if strange:
        raise InputInvalid(f"events have no column {', '.join(strange)}; they have {', '.join(names)}")
    return names if columns is None else list(columns)


def _condition(start_us: int | None, end_us: int | None, users: Sequence[str] | None) -> ds.Expression | None:
    import pyarrow as pa
    import pyarrow.dataset as ds

    def instant(at_us: int) -> pa.Scalar:
        return pa.scalar(at_us, pa.timestamp("us", tz="UTC"))

    conditions = []
    if start_us is not None:
        conditions.append(ds.field("event_time") >= instant(start_us))
    if end_us is not None:
        conditions.append(ds.field("event_time") < instant(end_us))
    if users is not None:
        conditions.append(ds.field("user_id").isin(pa.array(users, pa.string())))
    if not conditions:
        return None
    combined = conditions[0]
    for condition in conditions[1:]:
        combined = combined & condition
    return combined
