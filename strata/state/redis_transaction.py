"""Read, decide, write as one on a Redis: WATCH, the reads, MULTI, the writes, EXEC. Two round trips.

What was watched and changed meanwhile, by anyone, makes EXEC do nothing, and the attempt is repeated on what is there
then. So a worker that lost its partition and wakes up late cannot write over its successor's rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import hiredis

from strata.errors import StoreUnavailable
from strata.state.redis_connection import Command, RedisConnection
from strata.state.redis_errors import refused
from strata.state.redis_lookup import ATTEMPTS

T = TypeVar("T")


class Writes(NamedTuple, Generic[T]):
    """What to write, and what the whole then answers."""

    commands: Sequence[Command]
    result: T


class Attempt(NamedTuple, Generic[T]):
    """One try: keys to watch, what to read, and what to write after it. `decide` answers None to try again."""

    watch: Sequence[str | bytes]
    reads: Sequence[Command]
    decide: Callable[[list[Any]], Writes[T] | None]


def transact(connection: RedisConnection, make: Callable[[], Attempt[T]]) -> T:
    """Try until nothing watched changed under it. Raises StoreUnavailable, and what `decide` raises."""
    with connection.lock:
        for _ in range(ATTEMPTS):
            attempt = make()
            replies = connection.ask(("WATCH", *attempt.watch), *attempt.reads, again=True)
            writes = _decide(connection, attempt, replies[1:])
            if writes is not None and _execute(connection, writes.commands):
                return writes.result
    raise StoreUnavailable(f"the online state {connection.address} is written to by too many at once; try again")


def _decide(connection: RedisConnection, attempt: Attempt[T], replies: list[Any]) -> Writes[T] | None:
    writes = None
    try:
        writes = attempt.decide(replies)
    finally:
        if writes is None or not writes.commands:
            connection.ask(("UNWATCH",))
    return writes


def _execute(connection: RedisConnection, commands: Sequence[Command]) -> bool:
    if not commands:
        return True
    done = connection.ask(("MULTI",), *commands, ("EXEC",))[-1]
    for reply in done or ():
        if isinstance(reply, hiredis.ReplyError):
            raise refused(connection.address, reply) from reply
    return done is not None
