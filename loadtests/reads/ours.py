"""Our reader: the online state and the kernel, as the gateway uses them.

    python -m loadtests.reads.ours COLUMNS_FILE     (users and `view:feature` columns; the settings name the state)

A state in Redis is read by the gateway's own connection, on uvloop, one call after the other.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Sequence

import uvloop

from loadtests.reads.loop import Read, Show, Value, obey, read_columns
from strata.features.note import GenerationNote
from strata.features.plan import compile_view
from strata.features.reader import Many, Reader, compile_reader
from strata.registry import read_catalog
from strata.settings import Settings, load_settings
from strata.state import open_state
from strata.state.ports import Rows
from strata.state.redis_async import AsyncRedisReader


def make_read(features: Sequence[str]) -> tuple[Read, Show]:
    """How the gateway reads these `view:feature` columns of users from the settings' state, at its clock's instant."""
    settings = load_settings()
    clock = settings.make_clock()
    reader = _reader(settings, features)
    rows = _rows(settings, reader.tables)

    async def read(users: Sequence[str]) -> Many:
        return reader.many(await rows(users), clock.now_us())

    return read, _show


async def main(features: list[str], users: list[str]) -> None:
    """Obey until standard input ends."""
    await obey(*make_read(features), users)


def _show(found: Many) -> list[list[Value]]:
    rows: list[list[Value]] = found.values.tolist()
    return rows


def _reader(settings: Settings, features: Sequence[str]) -> Reader:
    catalog = read_catalog(settings.registry)
    pairs = [(view, name) for view, _, name in (feature.partition(":") for feature in features)]
    views = [catalog.views[view] for view in dict.fromkeys(view for view, _ in pairs)]
    layouts = catalog.tables()
    with open_state(settings.state_address, readonly=True) as state:
        notes = {table: state.note(table) for table in layouts}
    stored = {table: GenerationNote.unpack(note).layout if note else layouts[table] for table, note in notes.items()}
    plans = [compile_view(view.spec, view.ttl_us or None) for view in views]
    return compile_reader(plans, stored, {view.name: catalog.table_of(view.name) for view in views}, pairs)


def _rows(settings: Settings, tables: Sequence[str]) -> Callable[[Sequence[str]], Awaitable[list[Rows]]]:
    if settings.state_url:
        shared = AsyncRedisReader(settings.state_url)
        shared.start()
        return lambda users: shared.read_views(tables, users)
    state = open_state(settings.state, readonly=True)

    async def read(users: Sequence[str]) -> list[Rows]:
        return state.read_views(tables, users)

    return read


if __name__ == "__main__":
    uvloop.run(main(*read_columns(sys.argv[1])))
