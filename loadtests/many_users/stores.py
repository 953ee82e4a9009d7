"""Simulated stores: written by the state's own writers, in a home of their own each, with a gateway over it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple, cast

import psutil

from loadtests.bench.redis_state import start_empty
from loadtests.many_users.cached import cached_bytes
from loadtests.many_users.population import Table
from strata.settings import Settings
from strata.state import open_state
from strata.state.damage import data_file
from strata.state.ports import State
from strata.state.redis_address import parse_address
from strata.state.redis_connection import RedisConnection
from strata.state.redis_server import examine_server

Told = Callable[[int], None]
"""Told how many more rows are written."""
CHUNK_ROWS: Final = 5_000
SHARED: Final = ("registry.db", "packages")


@dataclass(frozen=True)
class Store:
    """One store of simulated users."""

    kind: str
    """`lmdb` or `redis`."""
    users: int
    settings: Settings
    """Of a home whose state it is."""
    url: str
    """Where it is a Redis; else empty."""
    servers: tuple[psutil.Process, ...]
    """The Redis."""
    rows: int
    written_s: float

    @property
    def name(self) -> str:
        """For folders and logs."""
        return f"{self.kind}-{self.users}"

    def taken_bytes(self) -> int:
        """Its file, or the memory Redis says it uses."""
        if not self.url:
            return data_file(self.settings.state).stat().st_size
        connection = RedisConnection(parse_address(self.url))
        try:
            return examine_server(connection).memory_bytes
        finally:
            connection.close()

    def memory_bytes(self) -> int:
        """What of it is in memory: of the file in the page cache, of Redis its resident set."""
        if not self.url:
            return cached_bytes(data_file(self.settings.state))
        return int(sum(server.memory_info().rss for server in self.servers))


@dataclass(frozen=True)
class Source:
    """What stores are made of: the platform's definitions and packages, and the rows of its users."""

    settings: Settings
    tables: Sequence[Table]

    def rows(self, users: int) -> int:
        """About how many rows so many users have."""
        return sum(users * sum(row is not None for row in one.rows) // len(one.rows) for one in self.tables)


class Place(NamedTuple):
    """Where stores are kept, where a Redis logs, and what it lives as long as."""

    room: Path
    logs: Path
    stack: ExitStack


def build_store(kind: str, users: int, source: Source, place: Place, told: Told) -> Store:
    """Write a store of so many users."""
    home = _make_home(source.settings, place.room / f"{kind}-{users}")
    own = source.settings.model_copy(update={"home": home, "state_url": ""})
    url, servers = "", cast(tuple[psutil.Process, ...], ())
    if kind == "redis":
        url, server = start_empty(f"redis-{users}", place.logs, place.stack)
        own, servers = own.model_copy(update={"state_url": url}), (server,)
    began_s = time.monotonic()
    with open_state(own.state_address) as state:
        rows = write_tables(state, source.tables, users, told)
    return Store(kind, users, own, url, servers, rows, time.monotonic() - began_s)


def write_tables(state: State, tables: Sequence[Table], users: int, told: Told) -> int:
    """Each table as one rebuild, as `strata features materialize` writes them. Returns how many rows there are."""
    count = 0
    for table in tables:
        with state.begin_generation(table.name) as generation:
            count += generation.put(_counted(table.simulated(users), told))
            generation.finish(table.note)
            generation.commit(table.watermark_us)
    return count


def _counted(rows: Iterator[tuple[str, bytes]], told: Told) -> Iterator[tuple[str, bytes]]:
    while chunk := list(islice(rows, CHUNK_ROWS)):
        yield from chunk
        told(len(chunk))


def _make_home(settings: Settings, home: Path) -> Path:
    """The platform's definitions and packages, and no state yet."""
    home.mkdir(parents=True)
    for name in SHARED:
        (home / name).symlink_to((settings.home / name).resolve())
    return home
