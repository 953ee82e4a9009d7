"""Rows of one generation in Redis: the current one, or a rebuild's. A target says which, and guards that it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from strata.errors import StoreUnavailable
from strata.state.batch import changed_rows
from strata.state.notes import check_positions
from strata.state.ports import BatchChange, Positions
from strata.state.redis_connection import Command, RedisConnection
from strata.state.redis_keys import (
    CATALOG,
    WATERMARK,
    building_key,
    new_generation,
    position_field,
    position_fields,
    row_prefix,
    table_key,
)
from strata.state.redis_lookup import RedisLookup
from strata.state.redis_transaction import Attempt, Writes, transact


class Target(Protocol):
    """A generation of a table."""

    table: str
    guard: bytes
    """Watched: it changes when the generation is no longer the one."""
    question: Command
    """Asked first."""

    def generation(self) -> str:
        """The generation, as far as is known before asking."""
        ...

    def admit(self, reply: Any) -> list[Command] | None:
        """What must be written with the rows; None: it was another generation, try again."""
        ...


class CurrentTarget:
    """The generation readers see; a new one for a table's first row."""

    def __init__(self, lookup: RedisLookup, table: str) -> None:
        self.table, self._lookup = table, lookup
        self.guard = CATALOG
        self.question: Command = ("GET", CATALOG)
        self._fresh = new_generation()

    def generation(self) -> str:
        """As in the catalog last learnt."""
        return self._lookup.known.catalog.generations.get(self.table, self._fresh)

    def admit(self, reply: Any) -> list[Command] | None:
        """Only while the catalog is the one learnt."""
        known = self._lookup.known
        if reply != known.blob:
            self._lookup.learn(reply)
            return None
        if self.table in known.catalog.generations:
            return []
        return [("SET", CATALOG, known.catalog.flipped(self.table, self._fresh).pack())]


class HiddenTarget:
    """A rebuild's generation."""

    def __init__(self, table: str, token: str, generation: str) -> None:
        self.table, self._token, self._generation = table, token, generation
        self.guard = building_key(table)
        self.question: Command = ("HGET", self.guard, "token")

    def generation(self) -> str:
        """The one begun."""
        return self._generation

    def admit(self, reply: Any) -> list[Command] | None:
        """Only while no other rebuild of the table began."""
        if reply != self._token.encode():
            raise StoreUnavailable(f"another rebuild of {self.table} began; this one is void. Run one at a time")
        return []


class Batch(NamedTuple):
    """Users' keys, what becomes of their rows, and what is written beside them."""

    keys: Sequence[bytes]
    change: BatchChange
    positions: Positions | None = None
    expected: Positions | None = None
    watermark_us: int | None = None


def transform_rows(connection: RedisConnection, target: Target, batch: Batch) -> int:
    """Read, change and write a batch in one transaction."""
    expected = list(batch.expected or ())

    def attempt() -> Attempt[int]:
        generation = target.generation()
        prefix, beside = row_prefix(target.table, generation), table_key(target.table, generation)
        rows = [prefix + key + b"}" for key in batch.keys]
        reads: list[Command] = [target.question]
        if expected:
            reads.append(("HMGET", beside, *map(position_field, expected)))
        if rows:
            reads.append(("MGET", *rows))

        def decide(replies: list[Any]) -> Writes[int] | None:
            commands = target.admit(replies[0])
            if commands is None:
                return None
            if expected:
                held = {name: int(value) for name, value in zip(expected, replies[1], strict=True) if value is not None}
                check_positions(target.table, held, batch.expected)
            changed = changed_rows(rows, replies[-1] if rows else [], batch.change)
            return Writes([*commands, *_set_rows(changed), *_set_beside(beside, batch)], len(changed))

        return Attempt((target.guard, *rows), reads, decide)

    return transact(connection, attempt)


def put_rows(connection: RedisConnection, target: Target, rows: Sequence[tuple[bytes, bytes]]) -> int:
    """Write rows, replacing, in one transaction."""

    def more(generation: str) -> list[Command]:
        prefix = row_prefix(target.table, generation)
        return _set_rows([(prefix + key + b"}", row) for key, row in rows])

    write_beside(connection, target, more)
    return len(rows)


def write_beside(connection: RedisConnection, target: Target, more: Callable[[str], Sequence[Command]]) -> None:
    """Write what `more` makes of the target's generation, if it is still the one."""

    def attempt() -> Attempt[None]:
        generation = target.generation()

        def decide(replies: list[Any]) -> Writes[None] | None:
            commands = target.admit(replies[0])
            return None if commands is None else Writes([*commands, *more(generation)], None)

        return Attempt((target.guard,), [target.question], decide)

    transact(connection, attempt)


def _set_rows(rows: Sequence[tuple[bytes, bytes]]) -> list[Command]:
    return [("MSET", *(part for pair in rows for part in pair))] if rows else []


def _set_beside(key: bytes, batch: Batch) -> list[Command]:
    fields = position_fields(batch.positions)
    if batch.watermark_us is not None:
        fields += [WATERMARK, b"%d" % batch.watermark_us]
    return [("HSET", key, *fields)] if fields else []
