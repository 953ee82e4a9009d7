"""What the state says of users, read with the very reader that serves it, and what the history holds."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from loadtests.live.ledger import Expected
from strata.clock import system_us
from strata.errors import StoreUnavailable
from strata.features.fold import header_of, target_of
from strata.features.note import GenerationNote
from strata.features.plan import compile_view
from strata.features.reader import Reader, compile_reader
from strata.registry import read_catalog
from strata.state import open_state

VIEW: Final = "rfm"
COLUMNS: Final = ((VIEW, "monetary_30d"), (VIEW, "frequency_30d"))
PAUSE_S: Final = 0.002


class CountedState:
    """One online state, opened for reading."""

    def __init__(self, registry: Path, where: Path | str) -> None:
        catalog = read_catalog(registry)
        view = catalog.views[VIEW]
        self._table = catalog.table_of(VIEW)
        self._plan = compile_view(view.spec, view.ttl_us)
        self.state = open_state(where, readonly=True)

    def counts(self, users: Sequence[str]) -> dict[str, Expected]:
        """Per user the total in cents and the number of visits; tombstones are followed."""
        reader = self._reader()
        rows = [self._state_row(user) for user in users]
        # Money is served in whole units; totals are exact in hundredths below 2^53.
        values = np.rint(np.nan_to_num(reader.many([rows], system_us()).values) * (100, 1))
        found = {}
        for user, (cents, visits) in zip(users, values.tolist(), strict=True):
            found[user] = Expected(int(cents), int(visits))
        return found

    def target(self, user: str) -> str | None:
        """Who a visitor became, by the state."""
        row = self.state.read(self._table, [user])[0]
        return target_of(row) if row is not None else None

    def await_counted(self, users: Sequence[str], recorded_us: int, timeout_s: float) -> float | None:
        """The moment (monotonic) at which rows of all of these users were seen to hold what was recorded then."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            try:
                rows = self.state.read(self._table, users)
            except StoreUnavailable:
                rows = [None]
            if all(row is not None and header_of(row).watermark_us >= recorded_us for row in rows):
                return time.monotonic()
            time.sleep(PAUSE_S)
        return None

    def close(self) -> None:
        """Let go of the state."""
        self.state.close()

    def _reader(self) -> Reader:
        note = self.state.note(self._table)
        layouts = {self._table: GenerationNote.unpack(note).layout} if note else {}
        return compile_reader([self._plan], layouts, {VIEW: self._table}, COLUMNS)

    def _state_row(self, user: str) -> bytes | None:
        """A user's row; a tombstone's user's, over as many hops as it takes."""
        while True:
            row = self.state.read(self._table, [user])[0]
            following = target_of(row) if row is not None else None
            if following is None:
                return row
            user = following


def history_counts(history: Path) -> Counter[tuple[str, str]]:
    """How often the history holds each (user, event id)."""
    import pyarrow.parquet as pq

    found: Counter[tuple[str, str]] = Counter()
    for path in sorted(history.glob("events/month=*/*.parquet")):
        table = pq.ParquetFile(path).read(columns=["user_id", "event_id"])
        found.update(zip(table["user_id"].to_pylist(), table["event_id"].to_pylist(), strict=True))
    return found
