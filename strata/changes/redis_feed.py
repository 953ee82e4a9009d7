"""Notices over Redis publish and subscribe, for gateways on other machines. What Redis drops is told as a gap."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from strata.changes.frames import LENGTH, pack, unpack
from strata.changes.ports import GAP, Changed

CHANNEL: Final = "strata:changes"
RETRY_S: Final = 0.5
TIMEOUT_S: Final = 1.0


class RedisPublisher:
    """The writer's end. A Redis that does not take a notice is left to its watchers' next gap."""

    def __init__(self, url: str) -> None:
        import redis

        self._redis: Any = redis.Redis.from_url(url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S)
        self._fault: type[Exception] = redis.RedisError
        self._missed = False

    def publish(self, table: str, users: Sequence[str]) -> None:
        if not users and not self._missed:
            return
        try:
            if self._missed:
                self._redis.publish(CHANNEL, pack("", [])[LENGTH:])
                self._missed = False
            if users:
                self._redis.publish(CHANNEL, pack(table, users)[LENGTH:])
        except self._fault:
            self._missed = True

    def close(self) -> None:
        self._redis.close()


class RedisSubscriber:
    """A watcher's end."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def notices(self) -> AsyncIterator[Changed]:
        import redis
        from redis.asyncio import Redis

        while True:
            client: Any = Redis.from_url(self._url)
            try:
                async with client.pubsub() as feed:
                    await feed.subscribe(CHANNEL)
                    yield GAP
                    async for message in feed.listen():
                        if message["type"] == "message":
                            yield unpack(message["data"])
            except (redis.RedisError, OSError):
                pass
            finally:
                await client.aclose()
            await asyncio.sleep(RETRY_S)
