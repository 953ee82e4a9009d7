"""The platform's online state in a Redis of the bench's own."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import psutil

from loadtests.bench.processes import await_ready, free_port, running
from strata.registry import read_catalog
from strata.settings import Settings
from strata.state import State, StateReader, open_state


def start_redis(name: str, scratch: Path, stack: ExitStack) -> tuple[int, psutil.Process]:
    """A stock Redis that keeps nothing on disk, on a free loopback port; not yet awaited."""
    port = free_port()
    folder = scratch / name
    folder.mkdir(exist_ok=True)
    stock = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    return port, stack.enter_context(running(stock, scratch / f"{name}.log", {}, folder))


def start_empty(name: str, scratch: Path, stack: ExitStack) -> tuple[str, psutil.Process]:
    """`start_redis`, when it listens: its address and process."""
    port, tree = start_redis(name, scratch, stack)
    await_ready(name, lambda: _listens(port), [tree], scratch / f"{name}.log")
    return f"redis://127.0.0.1:{port}/0", tree


def start_state(
    settings: Settings, users: Sequence[str], scratch: Path, stack: ExitStack
) -> tuple[str, psutil.Process]:
    """A Redis that holds these users' rows of every table; its address and process."""
    url, tree = start_empty("state-redis", scratch, stack)
    catalog = read_catalog(settings.registry)
    tables = dict.fromkeys(catalog.table_of(view) for view in catalog.views)
    with open_state(settings.state_address, readonly=True) as ours, open_state(url) as theirs:
        for table in tables:
            copy_table(table, users, ours, theirs)
    return url, tree


def copy_table(table: str, users: Sequence[str], ours: StateReader, theirs: State) -> None:
    """Make a table's current generation there what it is here."""
    found = zip(users, ours.read(table, users), strict=True)
    rows = [(user, row) for user, row in sorted(found) if row is not None]
    watermark_us = ours.watermark_us(table)
    if watermark_us is None:
        theirs.put(table, rows)
        return
    with theirs.begin_generation(table) as generation:
        generation.put(rows)
        generation.commit(watermark_us, ours.note(table) or b"")


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
