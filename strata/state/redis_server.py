"""Is a Redis fit to hold the state: what it says about its memory and its file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from strata.errors import StoreUnavailable
from strata.state.redis_connection import RedisConnection

_KEEPS_ROWS: Final = ("noeviction", "volatile")
"""Policies that never evict a key without a time to live; no row has one."""


@dataclass(frozen=True)
class RedisServer:
    """Facts from INFO."""

    version: str
    memory_bytes: int
    limit_bytes: int
    """0: none."""
    policy: str
    appends: bool
    """Whether it keeps an append-only file."""
    loading: bool

    @property
    def keeps_rows(self) -> bool:
        """Whether it refuses to write when it is full, where it could forget rows."""
        return self.limit_bytes == 0 or self.policy.startswith(_KEEPS_ROWS)


def examine_server(connection: RedisConnection) -> RedisServer:
    """Ask a server."""
    reply = connection.ask(("INFO",), again=True)[0]
    lines = (line.partition(":") for line in reply.decode(errors="replace").splitlines())
    facts = {name: value for name, _, value in lines}
    return RedisServer(
        version=facts.get("redis_version", "unknown"),
        memory_bytes=int(facts.get("used_memory", 0)),
        limit_bytes=int(facts.get("maxmemory", 0)),
        policy=facts.get("maxmemory_policy", "noeviction"),
        appends=facts.get("aof_enabled") == "1",
        loading=facts.get("loading") == "1",
    )


def check_keeps_rows(connection: RedisConnection) -> None:
    """Raise StoreUnavailable when rows could vanish one by one: such a user would look like an unknown one."""
    server = examine_server(connection)
    if not server.keeps_rows:
        raise StoreUnavailable(
            f"the online state {connection.address} may forget rows when it is full (maxmemory-policy "
            f"{server.policy}); set maxmemory-policy noeviction"
        )
