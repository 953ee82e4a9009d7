"""Where a Redis is: `redis://[user:password@]host[:port][/database][?timeout_s=seconds]`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from strata.errors import SettingsInvalid

DEFAULT_TIMEOUT_S: Final = 5.0
"""How long an answer may take. A batch of 500 rows takes 2 ms; a Redis that loads its file says so at once."""


@dataclass(frozen=True)
class RedisAddress:
    """A database of a Redis server. Its text leaves the password out."""

    host: str
    port: int = 6379
    database: int = 0
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout_s: float = DEFAULT_TIMEOUT_S

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"redis://{host}:{self.port}/{self.database}"

    def greeting(self) -> list[tuple[str, ...]]:
        """The commands a connection begins with; the last one always answers."""
        commands: list[tuple[str, ...]] = []
        if self.password is not None:
            commands.append(("AUTH", *filter(None, (self.user,)), self.password))
        if self.database:
            commands.append(("SELECT", str(self.database)))
        return [*commands, ("PING",)]


def parse_address(url: str) -> RedisAddress:
    """Read an address. Raises SettingsInvalid, without repeating a password."""
    try:
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {}
        timeout_s = float(options.pop("timeout_s", DEFAULT_TIMEOUT_S))
        database = int(parts.path.strip("/") or 0)
        if parts.scheme != "redis" or not parts.hostname or options or database < 0 or not timeout_s > 0:
            raise ValueError
        password = None if parts.password is None else unquote(parts.password)
        user = unquote(parts.username) if parts.username else None
        return RedisAddress(parts.hostname, parts.port or 6379, database, user, password, timeout_s)
    except ValueError:
        raise SettingsInvalid(
            "the online state's address should read redis://[user:password@]host[:port][/database][?timeout_s=seconds]"
        ) from None
