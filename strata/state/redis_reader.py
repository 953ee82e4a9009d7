"""Blocking reads of the online state in Redis: one round trip each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from strata.state.ports import Rows
from strata.state.redis_address import RedisAddress
from strata.state.redis_connection import RedisConnection
from strata.state.redis_keys import NOTE, WATERMARK, lease_key, read_positions
from strata.state.redis_lookup import ATTEMPTS, Question, RedisLookup


class RedisReader:
    """See `ports.StateReader`. A connection of its own; threads take turns."""

    def __init__(self, address: RedisAddress, *, readonly: bool) -> None:
        self._address, self._readonly = address, readonly
        self._lookup = RedisLookup(address, must_exist=readonly)
        self._reads = RedisConnection(address)

    def read(self, table: str, users: Sequence[str]) -> Rows:
        """One row per user, in order."""
        return self.read_views((table,), users)[0]

    def read_views(self, tables: Sequence[str], users: Sequence[str]) -> list[Rows]:
        """One list per table: one MGET, which Redis carries out as one."""
        found: list[Rows] = self._settle(lambda: self._lookup.rows(tables, users))
        return found

    def read_user(self, tables: Sequence[str], user: str) -> Rows:
        """One row per table, in one round trip."""
        return [rows[0] for rows in self.read_views(tables, (user,))]

    def watermark_us(self, table: str) -> int | None:
        """How far the current generation has got."""
        found = self._settle(lambda: self._lookup.beside(table, "HGET", WATERMARK))
        return None if found is None else int(found)

    def note(self, table: str) -> bytes | None:
        """What was written beside the current generation."""
        return self._settle(lambda: self._lookup.beside(table, "HGET", NOTE)) or None

    def positions(self, table: str) -> dict[int, int]:
        """The log positions of the current generation."""
        return read_positions(self._settle(lambda: self._lookup.beside(table, "HGETALL")) or [])

    def version(self) -> int:
        """A number that every flip changes."""
        self._settle(lambda: self._lookup.rows((), ()))
        return self._lookup.known.catalog.version

    def lease_holder(self, name: str) -> str | None:
        """Who holds a lease now."""
        holder = self._reads.ask(("GET", lease_key(name)), again=True)[0]
        return None if holder is None else str(holder.decode())

    def _settle(self, make: Callable[[], Question]) -> Any:
        for _ in range(ATTEMPTS):
            question = make()
            settled, answer = self._lookup.settle(question, self._reads.ask(*question.commands, again=True))
            if settled:
                return answer
        raise self._lookup.gives_up()
