"""The online state in Redis: shared by machines, the same row bytes as in LMDB, one round trip a read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Final, Self

from strata.errors import StoreUnavailable
from strata.state.batch import one_by_one
from strata.state.keys import check_table, key_of
from strata.state.leases import make_holder
from strata.state.ports import BatchChange, Change, Positions
from strata.state.redis_address import RedisAddress, parse_address
from strata.state.redis_connection import Command, RedisConnection
from strata.state.redis_generation import RedisGeneration
from strata.state.redis_keys import GARBAGE, NOTE, WATERMARK, lease_key, position_fields, table_key
from strata.state.redis_reader import RedisReader
from strata.state.redis_rows import Batch, CurrentTarget, put_rows, transform_rows, write_beside
from strata.state.redis_server import check_keeps_rows
from strata.state.redis_sweeper import RedisSweeper
from strata.state.redis_transaction import Attempt, Writes, transact

SWEEP_PATIENCE_S: Final = 10.0
"""How long closing waits for old keys to be removed."""


def open_redis(url: str, *, readonly: bool = False) -> RedisState:
    """Open the state at an address. Close it when done.

    Raises SettingsInvalid (not an address), StoreUnavailable (nobody answers, it is loading, it may evict rows, or it
    is opened for reading and nothing was built) and StoreDamaged.
    """
    state = RedisState(parse_address(url), readonly=readonly)
    try:
        state.begin()
    except BaseException:
        state.close()
        raise
    return state


class RedisState(RedisReader):
    """See `ports.State`."""

    def __init__(self, address: RedisAddress, *, readonly: bool) -> None:
        super().__init__(address, readonly=readonly)
        self._writes = RedisConnection(address)
        self._sweeper = RedisSweeper(address)
        self._holder = make_holder()

    def begin(self) -> None:
        """Look at the server, once."""
        self.version()
        if not self._readonly:
            check_keeps_rows(self._reads)
            if self._reads.ask(("SCARD", GARBAGE), again=True)[0]:
                self._sweeper.start()

    def put(self, table: str, rows: Iterable[tuple[str, bytes]]) -> int:
        """Write rows into the current generation in one transaction."""
        encoded = [(key_of(user), row) for user, row in rows]
        return put_rows(self._writes, self._target(table), encoded)

    def update(self, table: str, users: Iterable[str], change: Change) -> int:
        """Read, change and write rows, one at a time, in one transaction."""
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
        """Read, change and write a batch in one transaction."""
        batch = Batch([key_of(user) for user in users], change, positions, expected, watermark_us)
        return transform_rows(self._writes, self._target(table), batch)

    def put_positions(self, table: str, positions: Positions) -> None:
        """Set log positions of the current generation."""
        self._write_beside(table, position_fields(positions))

    def set_watermark(self, table: str, watermark_us: int, note: bytes | None = None) -> None:
        """Move the current generation's watermark."""
        fields = [WATERMARK, b"%d" % watermark_us]
        self._write_beside(table, fields if note is None else [*fields, NOTE, note])

    def begin_generation(self, table: str) -> RedisGeneration:
        """Start a rebuild."""
        return self._generation(table).begin()

    def open_finished(self, table: str) -> RedisGeneration | None:
        """Take up a finished rebuild."""
        return self._generation(table).adopt()

    def hold_lease(self, name: str, ttl_s: float) -> bool:
        """Take or renew a lease."""
        take = ("SET", lease_key(name), self._holder, "PX", max(1, round(ttl_s * 1_000)))
        return self._with_lease(name, take, (None, self._holder.encode()))

    def drop_lease(self, name: str) -> None:
        """Give a lease back."""
        self._with_lease(name, ("DEL", lease_key(name)), (self._holder.encode(),))

    def close(self) -> None:
        """Let go of the connections. Twice does no harm."""
        self._sweeper.close(SWEEP_PATIENCE_S)
        self._reads.close()
        self._writes.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _with_lease(self, name: str, command: Command, holders: tuple[bytes | None, ...]) -> bool:
        self._check_writable()
        key = lease_key(name)

        def decide(replies: list[Any]) -> Writes[bool]:
            fits = replies[0] in holders
            return Writes([command] if fits else (), fits)

        return transact(self._writes, lambda: Attempt((key,), [("GET", key)], decide))

    def _write_beside(self, table: str, fields: list[bytes]) -> None:
        if fields:
            write_beside(
                self._writes,
                self._target(table),
                lambda generation: [("HSET", table_key(table, generation), *fields)],
            )

    def _generation(self, table: str) -> RedisGeneration:
        self._check_writable()
        return RedisGeneration(self._writes, check_table(table), self._sweeper.start)

    def _target(self, table: str) -> CurrentTarget:
        self._check_writable()
        return CurrentTarget(self._lookup, check_table(table))

    def _check_writable(self) -> None:
        if self._readonly:
            raise StoreUnavailable(f"the online state {self._address} is open for reading only")
