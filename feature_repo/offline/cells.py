"""The cells of windowed features, counted by DuckDB over the whole history.

Three ways to a cell:

- sums and newest times: running sums per user, read by ASOF joins at the head and before the tail of a window;
- extremes and distinct ids: a join bounded by the window;
- events recorded after they happened are left out of the running sums and joined row by row, since whether they
  count depends on the instant asked about. There are few.

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
from strata.features.conditions import TEXT_COLUMNS
from strata.features.definition import EVENT
from strata.features.functions.partials import Partial, PartialKind

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

Ints = NDArray[np.int64]
Window = tuple[int, int]
"""(window_us, hop_us)."""
Cells = dict[tuple[Partial, Window | None], Ints]
SUMS: Final = (PartialKind.COUNT, PartialKind.TOTAL)
NEWEST: Final = (PartialKind.MOMENT, PartialKind.LATEST)
"""Kinds whose cell does not depend on a window: its place in the key is None."""
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
        self._times: dict[Partial, Ints] = {}
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
        if self.as_known and self.db.execute("SELECT count(*) FROM e WHERE rec > ts").fetchall() != [(0,)]:
            self._add_late(cells, sums, newest)
        for partial, windows in wanted.items():
            if partial.kind not in SUMS + NEWEST:
                cells |= self._bounded(partial, windows)
        return cells

    def _running(self, sums: dict[Partial, list[Window]], newest: list[Partial]) -> Cells:
        columns = [
            *(f"{_sum(p)} AS a{i}" for i, p in enumerate(sums)),
            *(sql for i, p in enumerate(newest) for sql in (f"{_time(p)} AS m{i}", f"{_greatest(p)} AS v{i}")),
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
        on_time = "WHERE rec <= ts" if self.as_known else ""
        self.db.execute(
            f"CREATE OR REPLACE TEMP TABLE c AS SELECT u, ts, {', '.join(running)} "
            f"FROM (SELECT u, ts, {', '.join(columns)} FROM e {on_time} GROUP BY u, ts) "
            "WINDOW w AS (PARTITION BY u ORDER BY ts ROWS UNBOUNDED PRECEDING)"
        )
        head = self._asof("l.t >= c.ts")
        cells: Cells = {}
        for window in self.start:
            inside = [(i, p) for i, (p, windows) in enumerate(sums.items()) if window in windows]
            if inside:
                tail = self._asof(f"l.{self.start[window]} > c.ts")
                cells |= {(p, window): _ints(head[f"a{i}"], 0) - _ints(tail[f"a{i}"], 0) for i, p in inside}
        self._times = {p: _ints(head[f"m{i}"], _NEVER) for i, p in enumerate(newest)}
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

    def _add_late(self, cells: Cells, sums: dict[Partial, list[Window]], newest: list[Partial]) -> None:
        """Add the events that were recorded after they happened, where they were known by t."""
        added = {
            (p, w): f"{_sum(p, f'e.ts >= l.{self.start[w]}')} AS k{i}"
            for i, (p, w) in enumerate((p, w) for p, windows in sums.items() for w in windows)
        }
        picked = [sql for i, p in enumerate(newest) for sql in (f"{_time(p)} AS m{i}", f"{_at_newest(p)} AS v{i}")]
        table = self._table(
            f"SELECT l.i, {', '.join([*added.values(), *picked])} FROM asked l JOIN e ON e.u = l.u "
            f"AND e.rec > e.ts AND e.ts <= l.t AND e.rec <= l.t GROUP BY l.i"
        )
        rows = _ints(table["i"], 0)
        for i, key in enumerate(added):
            cells[key][rows] += _ints(table[f"k{i}"], 0)
        for i, partial in enumerate(newest):
            times, values = _ints(table[f"m{i}"], _NEVER), _ints(table[f"v{i}"], 0)
            on_time, known = self._times[partial][rows], cells[(partial, None)][rows]
            better = (times > on_time) | ((times == on_time) & (times != _NEVER) & (values > known))
            cells[(partial, None)][rows] = np.where(better, values, known)

    def _bounded(self, partial: Partial, windows: list[Window]) -> Cells:
        """Extremes and distinct ids: every pair of an asked row and an event inside its longest window."""
        fold = {PartialKind.IDS: "count(DISTINCT e.v)", PartialKind.LEAST: "min(e.v)", PartialKind.GREATEST: "max(e.v)"}
        longest = max(windows, key=lambda window: window[0] + window[1])
        # Start of the longest window and of any other may cross by less than a hop: take the earlier.
        starts = ", ".join(f"l.{self.start[window]}" for window in dict.fromkeys([longest, *windows]))
        picked = ", ".join(
            f"{fold[partial.kind]} FILTER (WHERE e.ts >= l.{self.start[window]}) AS k{i}"
            for i, window in enumerate(windows)
        )
        table = self._table(
            f"""
            WITH d AS (SELECT DISTINCT u, ts, rec, {_kept(partial)} AS v FROM e
                       WHERE {partial.of} IS NOT NULL AND {where_sql(partial.where)})
            SELECT l.i, {picked} FROM asked l JOIN d AS e
            ON e.u = l.u AND e.ts <= l.t AND e.ts >= least({starts}) AND {self.known} GROUP BY l.i
            """
        )
        rows = _ints(table["i"], 0)
        cells: Cells = {}
        for i, window in enumerate(windows):
            cells[(partial, window)] = np.zeros(len(self.asked), dtype=np.int64)
            cells[(partial, window)][rows] = _ints(table[f"k{i}"], 0)
        return cells


def _kept(partial: Partial) -> str:
    """What of a column is compared: of an id the 32-bit fingerprint the kernel keeps (`matching.id_of`)."""
    if partial.kind is not PartialKind.IDS:
        return partial.of
    number = f"md5_number_lower({partial.of})" if partial.of in TEXT_COLUMNS else f"CAST({partial.of} AS BIGINT)"
    return f"CAST({number} & {0xFFFFFFFF} AS UINTEGER)"


def _counted(partial: Partial) -> str:
    """Which events a partial is about."""
    where = where_sql(partial.where)
    return where if partial.of == EVENT else f"{partial.of} IS NOT NULL AND {where}"


def _sum(partial: Partial, inside: str = "true") -> str:
    fold = "count(*)" if partial.kind is PartialKind.COUNT else f"sum({partial.of})"
    return f"CAST({fold} FILTER (WHERE {_counted(partial)} AND {inside}) AS BIGINT)"


def _time(partial: Partial) -> str:
    return f"max(ts) FILTER (WHERE {_counted(partial)})"


def _value(partial: Partial) -> str:
    return "ts" if partial.kind is PartialKind.MOMENT else partial.of


def _greatest(partial: Partial) -> str:
    """Of the events of one instant, the greatest value."""
    return f"max({_value(partial)}) FILTER (WHERE {_counted(partial)})"


def _at_newest(partial: Partial) -> str:
    """Of events of several instants, the greatest value of the newest."""
    value = _value(partial)
    return f"arg_max({value}, (ts, {value})) FILTER (WHERE {_counted(partial)})"


def _ints(column: pa.ChunkedArray, null: int) -> Ints:
    import pyarrow.compute as pc

    filled = pc.fill_null(column.cast("int64"), null)
    return np.array(filled.to_numpy(), dtype=np.int64)
