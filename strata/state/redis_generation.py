"""A rebuild of one table in Redis, under keys of its own that no reader asks for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from types import TracebackType
from typing import Any, Final, Self

from strata.errors import StoreUnavailable
from strata.state.keys import key_of
from strata.state.ports import BatchChange, Positions
from strata.state.redis_connection import Command, RedisConnection
from strata.state.redis_keys import (
    CATALOG,
    GARBAGE,
    NOTE,
    WATERMARK,
    RedisCatalog,
    building_key,
    garbage_member,
    new_generation,
    position_fields,
    read_positions,
    table_key,
)
from strata.state.redis_rows import Batch, HiddenTarget, put_rows, transform_rows, write_beside
from strata.state.redis_transaction import Attempt, Writes, transact

CHUNK_ROWS: Final = 500
"""Rows a transaction: about 2 MB, which keeps the server from others for some two milliseconds."""


class RedisGeneration:
    """See `ports.Generation`. Made by `RedisState.begin_generation` and `open_finished`."""

    def __init__(self, connection: RedisConnection, table: str, swept: Callable[[], None]) -> None:
        """`swept` is called when keys have become garbage."""
        self._connection, self._table, self._swept = connection, table, swept
        self._token, self._generation = os.urandom(8).hex(), new_generation()
        self._open, self._finished, self._note = True, False, b""

    def begin(self) -> Self:
        """Claim the table's rebuild; what a killed one left is garbage."""
        building = building_key(self._table)

        def decide(replies: list[Any]) -> Writes[None]:
            left = self._waste(replies[0] and replies[0].decode())
            claim = ("HSET", building, "token", self._token, "generation", self._generation)
            return Writes([*left, ("DEL", building), claim], None)

        transact(self._connection, lambda: Attempt((building,), [("HGET", building, "generation")], decide))
        self._swept()
        return self

    def adopt(self) -> Self | None:
        """Claim a finished rebuild as it is; None when there is none."""
        building = building_key(self._table)

        def decide(replies: list[Any]) -> Writes[str | None]:
            finished, generation = replies[0]
            if finished is None:
                return Writes((), None)
            return Writes([("HSET", building, "token", self._token)], generation.decode())

        question = [("HMGET", building, "finished", "generation")]
        generation = transact(self._connection, lambda: Attempt((building,), question, decide))
        if generation is None:
            return None
        self._generation, self._finished = generation, True
        self._note = self._connection.ask(("HGET", self._beside(), NOTE), again=True)[0] or b""
        return self

    @property
    def note(self) -> bytes:
        """What `finish` was given."""
        return self._note

    def positions(self) -> dict[int, int]:
        """The log positions of its rows."""
        return read_positions(self._connection.ask(("HGETALL", self._beside()), again=True)[0])

    def put(self, rows: Iterable[tuple[str, bytes]]) -> int:
        """Add rows, a transaction per chunk."""
        encoded = ((key_of(user), row) for user, row in rows)
        count = 0
        while chunk := list(islice(encoded, CHUNK_ROWS)):
            count += put_rows(self._connection, self._target(), chunk)
        return count

    def transform(
        self,
        users: Sequence[str],
        change: BatchChange,
        *,
        positions: Positions | None = None,
        expected: Positions | None = None,
    ) -> int:
        """Read, change and write hidden rows in one transaction."""
        batch = Batch([key_of(user) for user in users], change, positions, expected)
        return transform_rows(self._connection, self._target(), batch)

    def finish(self, note: bytes, positions: Positions | None = None) -> None:
        """Keep the rows for whoever commits them."""
        fields = [NOTE, note, *position_fields(positions)]
        commands: list[Command] = [
            ("HSET", self._beside(), *fields),
            ("HSET", building_key(self._table), "finished", "1"),
        ]
        write_beside(self._connection, self._target(), lambda generation: commands)
        self._finished, self._note = True, note

    def commit(self, watermark_us: int, note: bytes = b"") -> None:
        """Flip the table to these rows."""
        target = self._target()
        fields = [WATERMARK, b"%d" % watermark_us, *((NOTE, note) if note else ())]

        def decide(replies: list[Any]) -> Writes[None]:
            target.admit(replies[0])
            catalog = RedisCatalog.unpack(replies[1])
            commands: list[Command] = [
                ("SET", CATALOG, catalog.flipped(self._table, self._generation).pack()),
                ("HSET", self._beside(), *fields),
                ("DEL", target.guard),
            ]
            old = catalog.generations.get(self._table)
            return Writes([*commands, *self._waste(old)], None)

        reads = [target.question, ("GET", CATALOG)]
        transact(self._connection, lambda: Attempt((target.guard, CATALOG), reads, decide))
        self._open = False
        self._swept()

    def abort(self) -> None:
        """Remove the rows put."""
        if not self._open:
            return
        self._open = False
        building = building_key(self._table)

        def decide(replies: list[Any]) -> Writes[None]:
            mine = replies[0] == self._token.encode()
            return Writes([*self._waste(self._generation), ("DEL", building)] if mine else (), None)

        transact(self._connection, lambda: Attempt((building,), [("HGET", building, "token")], decide))
        self._swept()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._finished:
            self.abort()

    def _target(self) -> HiddenTarget:
        if not self._open:
            raise StoreUnavailable(f"this rebuild of {self._table} has ended; begin another")
        return HiddenTarget(self._table, self._token, self._generation)

    def _beside(self) -> bytes:
        return table_key(self._table, self._generation)

    def _waste(self, generation: str | None) -> list[Command]:
        return [("SADD", GARBAGE, garbage_member(self._table, generation))] if generation else []
