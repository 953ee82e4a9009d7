"""The cells of windowed features, counted by DuckDB over the whole history.

Three ways to a cell:

- sums and newest times: running sums per user, read by ASOF joins at the head and before the tail of a window;
- extremes and distinct ids: a join bounded by the window; an id counts at its first event inside;
- events *in flight* at the instant asked about, which had happened and were not recorded yet, are taken back from
  the sums, and rows that have any find newest times and distinct ids among what was known. They lie within H, so
  there are few.

Which events count at all is `counted.py`'s business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from feature_repo.offline.conditions_sql import where_sql
from feature_repo.offline.counted import create_events
from feature_repo.offline.frame import Asked
from feature_repo.offline.history import ParquetSource
from feature_repo.offline.partial_sql import at_newest, from_start, greatest_of, kept, sum_of, time_of
from feature_repo.offline.sequences import KINDS as SEQUENCES
from feature_repo.offline.sequences import sequence_cells
from strata.features.functions.partials import Partial, PartialKind
from strata.features.plan import LATENESS_US

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

Ints = NDArray[np.int64]
Window = tuple[int, int]
"""(window_us, hop_us)."""
CellKey = tuple[Partial, Window | None]
Cells = dict[CellKey, Ints]
SUMS: Final = (PartialKind.COUNT, PartialKind.TOTAL)
NEWEST: Final = (PartialKind.MOMENT, PartialKind.LATEST)
"""Kinds whose cell does not depend on a window: its place in the key is None."""
BOUNDED: Final = (PartialKind.IDS, PartialKind.LEAST, PartialKind.GREATEST)
_NEVER: Final = np.iinfo(np.int64).min


def window_starts(t_us: Ints, window: Window) -> Ints:
    """`floor((t - W) / hop) * hop`: the first instant a window counts."""
    length_us, hop_us = window
    return (t_us - length_us) // hop_us * hop_us


class CellQuery:
    """One pass over the history for one set of asked rows."""

    def __init__(
        self,
        connection: DuckDBPyConnection,
        source: ParquetSource,
        asked: Asked,
        members: Mapping[str, Sequence[str]],
        windows: Sequence[Window],
        *,
        as_known: bool,
    ) -> None:
        """`asked` is of the names of `members`, each of which stands for the events of some users."""
        self.db, self.asked, self.as_known = connection, asked, as_known
        self.start = {window: f"s{i}" for i, window in enumerate(windows)}
        self.flying = False
        """Whether any row has an event in flight; those are in the table `f`."""
        self.known = "e.rec <= l.t" if as_known else "true"
        connection.register("asked_rows", self._rows(asked, windows))
        connection.execute("CREATE TEMP TABLE asked AS SELECT * FROM asked_rows")
        create_events(connection, source, members, int(asked.t_us.max()) if as_known else None)

    @staticmethod
    def _rows(asked: Asked, windows: Sequence[Window]) -> pa.Table:
        import pyarrow as pa

        starts = {f"s{i}": window_starts(asked.t_us, window) for i, window in enumerate(windows)}
        users = pa.array(asked.users, pa.string())
        return pa.table({"i": np.arange(len(asked)), "u": users, "t": asked.t_us, **starts})

    def seen(self) -> NDArray[np.bool_]:
        """Rows whose user had an event, counted and known, by then."""
        first = "greatest(ts, rec)" if self.as_known else "ts"
        table = self._table(
            f"SELECT f.first FROM asked l LEFT JOIN (SELECT u, min({first}) AS first FROM e GROUP BY u) f USING (u) "
            "ORDER BY l.i"
        )
        first_us = _ints(table.column(0), np.iinfo(np.int64).max)
        return first_us <= self.asked.t_us

    def cells(self, wanted: dict[Partial, list[Window]]) -> Cells:
        """Every cell wanted; NEWEST partials have one for all windows, under None."""
        sums = {partial: windows for partial, windows in wanted.items() if partial.kind in SUMS}
        newest = [partial for partial in wanted if partial.kind in NEWEST]
        cells = self._running(sums, newest)
        self._find_in_flight()
        if self.flying:
            self._take_back(cells, sums)
            self._renew(cells, newest)
        for partial, windows in wanted.items():
            if partial.kind in BOUNDED:
                cells |= self._bounded(partial, windows)
        ordered = [(partial, w) for partial, windows in wanted.items() if partial.kind in SEQUENCES for w in windows]
        if ordered:
            starts = {window: window_starts(self.asked.t_us, window) for window in self.start}
            cells |= sequence_cells(self.db, self.asked, starts, ordered, as_known=self.as_known)
        return cells

    def _running(self, sums: dict[Partial, list[Window]], newest: list[Partial]) -> Cells:
        columns = [
            *(f"{sum_of(p)} AS a{i}" for i, p in enumerate(sums)),
            *(sql for i, p in enumerate(newest) for sql in (f"{time_of(p)} AS m{i}", f"{greatest_of(p)} AS v{i}")),
        ]
        running = [
            *(f"CAST(sum(a{i}) OVER w AS BIGINT) AS a{i}" for i in range(len(sums))),
            *(
                sql
                for i in range(len(newest))
                for sql in (f"max(m{i}) OVER w AS m{i}", f"last_value(v{i} IGNORE NULLS) OVER w AS v{i}")
            ),
        ]
        if not columns:
            return {}
        self.db.execute(
            f"CREATE OR REPLACE TEMP TABLE c AS SELECT u, ts, {', '.join(running)} "
            f"FROM (SELECT u, ts, {', '.join(columns)} FROM e GROUP BY u, ts) "
            "WINDOW w AS (PARTITION BY u ORDER BY ts ROWS UNBOUNDED PRECEDING)"
        )
        head = self._asof("l.t >= c.ts")
        cells: Cells = {}
        for window in self.start:
            inside = [(i, p) for i, (p, windows) in enumerate(sums.items()) if window in windows]
            if inside:
                tail = self._asof(f"l.{self.start[window]} > c.ts")
                cells |= {(p, window): _ints(head[f"a{i}"], 0) - _ints(tail[f"a{i}"], 0) for i, p in inside}
        for i, partial in enumerate(newest):
            cells[(partial, None)] = _ints(head[f"v{i}"], 0)
        return cells

    def _table(self, sql: str) -> pa.Table:
        return self.db.sql(sql).to_arrow_table()

    def _asof(self, condition: str) -> dict[str, pa.ChunkedArray]:
        table = self._table(
            f"SELECT c.* EXCLUDE (u, ts) FROM asked l ASOF LEFT JOIN c ON l.u = c.u AND {condition} ORDER BY l.i"
        )
        return dict(zip(table.column_names, table.columns, strict=True))

    def _find_in_flight(self) -> None:
        if not self.as_known or self.db.execute("SELECT count(*) FROM e WHERE rec > ts").fetchall() == [(0,)]:
            return
        self.db.execute(
            "CREATE TEMP TABLE f AS SELECT l.i, e.* FROM asked l JOIN e ON e.u = l.u "
            f"AND e.rec > e.ts AND e.ts <= l.t AND e.ts > l.t - {LATENESS_US} AND e.rec > l.t"
        )
        self.flying = self.db.execute("SELECT count(*) FROM f").fetchall() != [(0,)]

    def _take_back(self, cells: Cells, sums: dict[Partial, list[Window]]) -> None:
        """Take events in flight out of the sums."""
        keys = [(p, w) for p, windows in sums.items() for w in windows]
        if not keys:
            return
        picked = ", ".join(f"{sum_of(p, f'f.ts >= l.{self.start[w]}')} AS k{i}" for i, (p, w) in enumerate(keys))
        table = self._table(f"SELECT l.i, {picked} FROM f JOIN asked l USING (i) GROUP BY l.i")
        rows = _ints(table["i"], 0)
        for i, key in enumerate(keys):
            cells[key][rows] -= _ints(table[f"k{i}"], 0)

    def _renew(self, cells: Cells, newest: list[Partial]) -> None:
        """Newest values of rows with events in flight: of the known events of the last H, else of those before.

        Whatever happened longer than H ago is known, or counts nowhere.
        """
        if not newest:
            return
        self.db.execute("CREATE TEMP TABLE flown AS SELECT * FROM asked SEMI JOIN f USING (i)")
        recent = ", ".join(
            sql for i, p in enumerate(newest) for sql in (f"{time_of(p)} AS m{i}", f"{at_newest(p)} AS v{i}")
        )
        picked = ", ".join(f"CASE WHEN r.m{i} IS NULL THEN c.v{i} ELSE r.v{i} END AS v{i}" for i in range(len(newest)))
        table = self._table(
            f"""
            WITH r AS (SELECT l.i, {recent} FROM flown l JOIN e ON e.u = l.u
                       AND e.ts <= l.t AND e.ts > l.t - {LATENESS_US} AND e.rec <= l.t GROUP BY l.i)
            SELECT l.i, {picked} FROM flown l ASOF LEFT JOIN c ON l.u = c.u AND l.t - {LATENESS_US} >= c.ts
            LEFT JOIN r ON r.i = l.i
            """
        )
        rows = _ints(table["i"], 0)
        for i, partial in enumerate(newest):
            cells[(partial, None)][rows] = _ints(table[f"v{i}"], 0)

    def _bounded(self, partial: Partial, windows: list[Window]) -> Cells:
        """Extremes and distinct ids: every pair of an asked row and an event inside its longest window."""
        cells: Cells = {(partial, window): np.zeros(len(self.asked), dtype=np.int64) for window in windows}
        values = (
            f"SELECT DISTINCT u, ts, rec, {kept(partial)} AS v FROM e "
            f"WHERE {partial.of} IS NOT NULL AND {where_sql(partial.where)}"
        )
        if partial.kind is not PartialKind.IDS:
            fold = "min(e.v)" if partial.kind is PartialKind.LEAST else "max(e.v)"
            self._join(
                cells, values, {(partial, w): from_start(fold, self.start[w]) for w in windows}, "asked", self.known
            )
            return cells
        once = (
            "SELECT *, lag(ts) OVER (PARTITION BY u, v ORDER BY ts) AS before "
            f"FROM (SELECT DISTINCT u, ts, v FROM ({values}))"
        )
        firsts: dict[CellKey, str] = {
            (partial, w): from_start("count(*)", self.start[w], f"(e.before IS NULL OR e.before < l.{self.start[w]})")
            for w in windows
        }
        landed = "(SELECT * FROM asked ANTI JOIN f USING (i))" if self.flying else "asked"
        self._join(cells, once, firsts, landed, "true")
        if self.flying:
            several: dict[CellKey, str] = {
                (partial, w): from_start("count(DISTINCT e.v)", self.start[w]) for w in windows
            }
            self._join(cells, values, several, "(SELECT * FROM asked SEMI JOIN f USING (i))", "e.rec <= l.t")
        return cells

    def _join(self, cells: Cells, events: str, picked: Mapping[CellKey, str], asked: str, known: str) -> None:
        starts = ", ".join(f"l.{self.start[window]}" for _, window in picked if window is not None)
        columns = ", ".join(f"{sql} AS k{i}" for i, sql in enumerate(picked.values()))
        table = self._table(
            f"WITH d AS ({events}) SELECT l.i, {columns} FROM {asked} AS l JOIN d AS e "
            f"ON e.u = l.u AND e.ts <= l.t AND e.ts >= least({starts}) AND {known} GROUP BY l.i"
        )
        rows = _ints(table["i"], 0)
        for i, key in enumerate(picked):
            cells[key][rows] = _ints(table[f"k{i}"], 0)


def _ints(column: pa.ChunkedArray, null: int) -> Ints:
    import pyarrow.compute as pc

    filled = pc.fill_null(column.cast("int64"), null)
    return np.array(filled.to_numpy(), dtype=np.int64)
