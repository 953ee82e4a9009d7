"""Three answers to the same question, compared bit for bit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from feature_repo.offline.frame import Asked
from strata.clock import format_instant

if TYPE_CHECKING:
    import pyarrow as pa

Values = NDArray[np.float64]
EVENTS_SHOWN: Final = 20


@dataclass(frozen=True)
class Sides:
    """float64 [pairs, features] each, the oracle's of some pairs only; NaN is missing."""

    online: Values
    offline: Values
    oracle: Values
    chosen: NDArray[np.intp]
    """The pairs the oracle was asked about, ascending."""


@dataclass(frozen=True)
class Difference:
    """One value that is not the same everywhere; None is missing, or not asked of the oracle."""

    user: str
    t_us: int
    t: str
    online: float | None
    offline: float | None
    oracle: float | None
    events: list[dict[str, Any]] = field(default_factory=list)
    """The user's newest events that were recorded by then."""


@dataclass(frozen=True)
class Parity:
    """The outcome of a comparison. The counts are of values; docs/features.md explains the keys."""

    pairs: int
    features: int
    values: int
    missing: int
    """Values missing online."""
    oracle_pairs: int
    online_offline: int
    offline_oracle: int
    online_oracle: int
    by_feature: dict[str, int]
    """Feature -> values on which any two sides differ; features that agree are left out."""
    first: dict[str, Difference]
    """Feature -> its first differing pair."""
    verdicts: dict[str, int] = field(default_factory=dict)
    """What became of the events of the replay."""
    replays: int = 0
    """Records folded again after a restart."""
    replays_wrong: int = 0
    """Those of which the replay did not tell whether they had counted."""
    seconds: dict[str, float] = field(default_factory=dict)
    """CPU per side, summed over processes."""

    @property
    def differences(self) -> int:
        """Values on which any two sides differ."""
        return sum(self.by_feature.values())

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.differences and not self.replays_wrong

    def to_json(self) -> dict[str, Any]:
        """Every field, and `differences`."""
        return {**asdict(self), "differences": self.differences}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Parity:
        """The inverse of `to_json`."""
        found = {name: value for name, value in document.items() if name != "differences"}
        return cls(**{**found, "first": {name: Difference(**one) for name, one in found["first"].items()}})


def together(parts: Iterable[Parity]) -> Parity:
    """The outcome over several ranges of users."""
    found = list(parts)

    def total(name: str) -> int:
        return sum(getattr(part, name) for part in found)

    def counts(name: str) -> dict[str, Any]:
        counter: Counter[str] = Counter()
        for part in found:
            counter.update(getattr(part, name))
        return dict(sorted(counter.items()))

    first: dict[str, Difference] = {}
    for part in found:
        first = part.first | first
    return Parity(
        pairs=total("pairs"),
        features=max((part.features for part in found), default=0),
        values=total("values"),
        missing=total("missing"),
        oracle_pairs=total("oracle_pairs"),
        online_offline=total("online_offline"),
        offline_oracle=total("offline_oracle"),
        online_oracle=total("online_oracle"),
        by_feature=counts("by_feature"),
        first=dict(sorted(first.items())),
        verdicts=counts("verdicts"),
        replays=total("replays"),
        replays_wrong=total("replays_wrong"),
        seconds={name: round(spent, 1) for name, spent in counts("seconds").items()},
    )


def compare(names: Sequence[str], asked: Asked, sides: Sides, events: pa.Table | None = None) -> Parity:
    """Missing equals missing; everything else has to be the same double."""
    chosen = sides.chosen
    online_offline = _differ(sides.online, sides.offline)
    offline_oracle = _differ(sides.offline[chosen], sides.oracle)
    online_oracle = _differ(sides.online[chosen], sides.oracle)
    wrong = online_offline.copy()
    wrong[chosen] |= offline_oracle | online_oracle
    columns = np.flatnonzero(wrong.any(axis=0)).tolist()
    return Parity(
        pairs=len(asked),
        features=len(names),
        values=wrong.size,
        missing=int(np.isnan(sides.online).sum()),
        oracle_pairs=len(chosen),
        online_offline=int(online_offline.sum()),
        offline_oracle=int(offline_oracle.sum()),
        online_oracle=int(online_oracle.sum()),
        by_feature={names[column]: int(wrong[:, column].sum()) for column in columns},
        first={names[column]: _first(asked, sides, wrong[:, column], column, events) for column in columns},
    )


def _differ(left: Values, right: Values) -> NDArray[np.bool_]:
    differs: NDArray[np.bool_] = (left != right) & ~(np.isnan(left) & np.isnan(right))
    return differs


def _first(asked: Asked, sides: Sides, wrong: NDArray[np.bool_], column: int, events: pa.Table | None) -> Difference:
    row = int(np.flatnonzero(wrong)[0])
    user, t_us = str(asked.users[row]), int(asked.t_us[row])
    at = int(np.searchsorted(sides.chosen, row))
    known = at < len(sides.chosen) and sides.chosen[at] == row
    online, offline, oracle = (
        None if value is None or np.isnan(value) else float(value)
        for value in (
            sides.online[row, column],
            sides.offline[row, column],
            sides.oracle[at, column] if known else None,
        )
    )
    shown = [] if events is None else _events(events, user, t_us)
    return Difference(user, t_us, format_instant(t_us), online, offline, oracle, shown)


def _events(events: pa.Table, user: str, t_us: int) -> list[dict[str, Any]]:
    import pyarrow.compute as pc

    recorded = events.column("recorded_at").cast("int64")
    chosen = pc.and_(pc.equal(events.column("user_id"), user), pc.less_equal(recorded, t_us))
    newest = events.filter(chosen).sort_by([("event_time", "descending")]).slice(0, EVENTS_SHOWN)
    return [
        {name: value for name, value in row.items() if value is not None and name != "user_id"}
        | {name: format_instant(int(row[name])) for name in ("event_time", "recorded_at")}
        for row in _whole(newest)
    ]


def _whole(events: pa.Table) -> list[dict[str, Any]]:
    """Rows as Python values, times in microseconds."""
    for name in ("event_time", "recorded_at"):
        events = events.set_column(events.schema.get_field_index(name), name, events.column(name).cast("int64"))
    rows: list[dict[str, Any]] = events.to_pylist()
    return rows
