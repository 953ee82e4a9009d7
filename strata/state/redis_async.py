"""Reads of the online state in Redis that do not block an event loop, over one connection that comes back by itself."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Any, Final

from strata.errors import StoreUnavailable
from strata.state.ports import Rows
from strata.state.redis_address import parse_address
from strata.state.redis_channel import RedisChannel, open_channel
from strata.state.redis_connection import Command
from strata.state.redis_errors import unreachable
from strata.state.redis_keys import NOTE, WATERMARK
from strata.state.redis_lookup import ATTEMPTS, Question, RedisLookup

FIRST_DELAY_S: Final = 0.02
LAST_DELAY_S: Final = 1.0
"""Between attempts to connect; doubled each time, and spread so that gateways do not come back together."""


class AsyncRedisReader:
    """See `ports.AsyncStateReader`. Call `start` in the loop that uses it.

    While Redis is away a call fails at once. A call whose connection broke is repeated on the next one (once, the read
    of one user twice): a Redis that closed an idle connection is no trouble to anyone.
    """

    def __init__(self, url: str) -> None:
        """Raises SettingsInvalid when `url` is no address."""
        self._address = parse_address(url)
        self._lookup = RedisLookup(self._address, must_exist=True)
        self._channel: RedisChannel | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._failure: StoreUnavailable | None = None
        """Why there is no connection. None: there is one, or the first attempt since a break is under way."""
        self._attempted = asyncio.Event()

    def start(self) -> None:
        """Begin to connect. The first call waits for it."""
        self._keeper = asyncio.get_running_loop().create_task(self._keep())

    async def close(self) -> None:
        """End the connection; calls that wait fail."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
        if (channel := self._channel) is not None:
            channel.end(self._closed())
            await channel.closed
        self._failure = self._closed()
        self._attempted.set()

    async def read_views(self, tables: Sequence[str], users: Sequence[str]) -> list[Rows]:
        """One list per table, in one round trip."""
        found: list[Rows] = await self._settle(lambda: self._lookup.rows(tables, users))
        return found

    async def read_user(self, tables: Sequence[str], user: str) -> Rows:
        """One row per table, in one round trip."""
        channel, question = self._channel, self._lookup.row_of_each(tuple(tables), user)
        if channel is not None and question is not None:
            blob, packed = question
            try:
                [values] = await channel.ask_packed(packed, 1)
            except StoreUnavailable:
                if not channel.broke:
                    raise
            else:
                if values[0] == blob:
                    found: Rows = values[1:]
                    return found
                self._lookup.learn(values[0])
        return [rows[0] for rows in await self.read_views(tables, (user,))]

    async def watermark_us(self, table: str) -> int | None:
        """How far the current generation has got."""
        found = await self._settle(lambda: self._lookup.beside(table, "HGET", WATERMARK))
        return None if found is None else int(found)

    async def note(self, table: str) -> bytes | None:
        """What was written beside the current generation."""
        return await self._settle(lambda: self._lookup.beside(table, "HGET", NOTE)) or None

    async def version(self) -> int:
        """A number that every flip changes."""
        await self._settle(lambda: self._lookup.rows((), ()))
        return self._lookup.known.catalog.version

    async def _settle(self, make: Callable[[], Question]) -> Any:
        for _ in range(ATTEMPTS):
            question = make()
            settled, answer = self._lookup.settle(question, await self._ask(question.commands))
            if settled:
                return answer
        raise self._lookup.gives_up()

    async def _ask(self, commands: Sequence[Command]) -> list[Any]:
        channel = self._channel or await self._connected()
        try:
            return await channel.ask(commands)
        except StoreUnavailable:
            if not channel.broke:
                raise
        return await (await self._connected()).ask(commands)

    async def _connected(self) -> RedisChannel:
        """The connection; waits for the attempt under way, if it is the first one since a break."""
        if self._channel is None and self._failure is None:
            await self._attempted.wait()
        if self._channel is None:
            failure = self._failure or self._closed()
            raise type(failure)(str(failure))
        return self._channel

    async def _keep(self) -> None:
        delay_s = FIRST_DELAY_S
        while True:
            try:
                self._channel = await open_channel(self._address, self._lose)
                self._failure, delay_s = None, FIRST_DELAY_S
            except StoreUnavailable as error:
                self._failure = error
            self._attempted.set()
            if self._channel is not None:
                await asyncio.wait([self._channel.closed])  # waits without cancelling it when the reader is closed
                await asyncio.sleep(FIRST_DELAY_S * random.random())
            else:
                await asyncio.sleep(delay_s * (0.5 + random.random()))
                delay_s = min(2 * delay_s, LAST_DELAY_S)

    def _lose(self, channel: RedisChannel) -> None:
        if self._channel is channel:
            self._channel = None
            self._failure = None if channel.broke else channel.error
            self._attempted.clear()

    def _closed(self) -> StoreUnavailable:
        return unreachable(self._address, ConnectionError("this reader is closed"))
