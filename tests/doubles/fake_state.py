"""The online state in dictionaries: what a room tests with instead of LMDB. Passes the same contract suite."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Self

from strata.errors import StoreUnavailable
from strata.state.batch import changed_rows, one_by_one
from strata.state.keys import check_table, key_of
from strata.state.notes import check_positions
from strata.state.ports import BatchChange, Change, Positions, Rows


class FakeTable:
    """One generation of a table."""

    def __init__(self) -> None:
        self.rows: dict[bytes, bytes] = {}
        self.positions: dict[int, int] = {}
        self.watermark_us: int | None = None
        self.note = b""

    def put(self, rows: Iterable[tuple[str, bytes]]) -> int:
        added = [(key_of(user), row) for user, row in rows]
        self.rows.update(added)
        return len(added)

    def transform(
        self,
        table: str,
        users: Sequence[str],
        change: BatchChange,
        positions: Mapping[int, int] | None,
        expected: Mapping[int, int] | None,
    ) -> int:
        keys = [key_of(user) for user in users]
        check_positions(table, self.positions, expected)
        changed = changed_rows(keys, [self.rows.get(key) for key in keys], change)
        self.rows.update(changed)
        self.positions.update(positions or {})
        return len(changed)


class FakeState:
    """One process's memory. States made with `of` another share it, like two processes."""

    def __init__(self, *, of: FakeState | None = None, now_s: Callable[[], float] = time.monotonic) -> None:
        self.tables: dict[str, FakeTable] = of.tables if of else {}
        self.building: dict[str, FakeGeneration] = of.building if of else {}
        self.leases: dict[str, tuple[float, FakeState]] = of.leases if of else {}
        self.flips: list[str] = of.flips if of else []
        self._now_s = now_s

    def read(self, table: str, users: Sequence[str]) -> Rows:
        return self.read_views((table,), users)[0]

    def read_views(self, tables: Sequence[str], users: Sequence[str]) -> list[Rows]:
        keys = [user.encode(errors="surrogatepass") for user in users]
        return [[self._look(table).rows.get(key) for key in keys] for table in tables]

    def read_user(self, tables: Sequence[str], user: str) -> Rows:
        return [rows[0] for rows in self.read_views(tables, [user])]

    def watermark_us(self, table: str) -> int | None:
        return self._look(table).watermark_us

    def note(self, table: str) -> bytes | None:
        return self._look(table).note or None

    def positions(self, table: str) -> dict[int, int]:
        return dict(self._look(table).positions)

    def version(self) -> int:
        return len(self.flips)

    def lease_holder(self, name: str) -> str | None:
        ends_s, holder = self.leases.get(name, (0.0, self))
        return f"fake:{id(holder)}" if self._now_s() < ends_s else None

    def put(self, table: str, rows: Iterable[tuple[str, bytes]]) -> int:
        return self._make(table).put(list(rows))

    def update(self, table: str, users: Iterable[str], change: Change) -> int:
        listed = list(users)
        return self.transform(table, listed, one_by_one(listed, change))

    def transform(
        self,
        table: str,
        users: Sequence[str],
        change: BatchChange,
        *,
        positions: Positions | None = None,
        expected: Positions | None = None,
        watermark_us: int | None = None,
    ) -> int:
        made = self._make(table)
        changed = made.transform(table, users, change, positions, expected)
        made.watermark_us = made.watermark_us if watermark_us is None else watermark_us
        return changed

    def put_positions(self, table: str, positions: Positions) -> None:
        self._make(table).positions.update(positions)

    def set_watermark(self, table: str, watermark_us: int, note: bytes | None = None) -> None:
        made = self._make(table)
        made.watermark_us = watermark_us
        made.note = made.note if note is None else note

    def begin_generation(self, table: str) -> FakeGeneration:
        generation = self.building[table] = FakeGeneration(self, check_table(table), FakeTable())
        return generation

    def open_finished(self, table: str) -> FakeGeneration | None:
        waiting = self.building.get(table)
        if waiting is None or not waiting.finished:
            return None
        generation = self.building[table] = FakeGeneration(self, table, waiting.built)
        generation.finished = True
        return generation

    def hold_lease(self, name: str, ttl_s: float) -> bool:
        ends_s, holder = self.leases.get(name, (0.0, self))
        if holder is not self and self._now_s() < ends_s:
            return False
        self.leases[name] = (self._now_s() + ttl_s, self)
        return True

    def drop_lease(self, name: str) -> None:
        if self.leases.get(name, (0.0, None))[1] is self:
            del self.leases[name]

    def close(self) -> None:
        """Nothing to let go of."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _look(self, table: str) -> FakeTable:
        return self.tables.get(table) or FakeTable()

    def _make(self, table: str) -> FakeTable:
        if check_table(table) not in self.tables:
            self.tables[table] = FakeTable()
            self.flips.append(table)
        return self.tables[table]


class FakeGeneration:
    """A rebuild in a table of its own."""

    def __init__(self, state: FakeState, table: str, built: FakeTable) -> None:
        self._state, self._table, self.built = state, table, built
        self.finished = False

    @property
    def note(self) -> bytes:
        return self.built.note

    def positions(self) -> dict[int, int]:
        return dict(self.built.positions)

    def put(self, rows: Iterable[tuple[str, bytes]]) -> int:
        self._check()
        return self.built.put(rows)

    def transform(
        self,
        users: Sequence[str],
        change: BatchChange,
        *,
        positions: Positions | None = None,
        expected: Positions | None = None,
    ) -> int:
        self._check()
        return self.built.transform(self._table, users, change, positions, expected)

    def finish(self, note: bytes, positions: Positions | None = None) -> None:
        self._check()
        self.built.note, self.finished = note, True
        self.built.positions.update(positions or {})

    def commit(self, watermark_us: int, note: bytes = b"") -> None:
        self._check()
        self.built.watermark_us = watermark_us
        self.built.note = note or self.built.note
        self._state.tables[self._table] = self.built
        self._state.flips.append(self._table)
        del self._state.building[self._table]

    def abort(self) -> None:
        if self._state.building.get(self._table) is self:
            del self._state.building[self._table]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.finished:
            self.abort()

    def _check(self) -> None:
        if self._state.building.get(self._table) is not self:
            raise StoreUnavailable(f"this rebuild of {self._table} has ended or another one began")
