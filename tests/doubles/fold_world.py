"""A stream worker among doubles: events in, rows, history and notices out. Restarts and kills are method calls."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fake_log import FakeLog
from fake_state import FakeState
from prometheus_client import CollectorRegistry

from strata.clock import FixedClock
from strata.features.builder import count, days, distinct, fields, hours, total
from strata.features.packed import PackedEvent, RecordKind, pack_event
from strata.features.plan import compile_view
from strata.features.reader import compile_reader
from strata.features.spec import view_spec
from strata.registry.catalog import Catalog, CatalogView
from streaming.fold.meters import FoldMeters
from streaming.fold.stream_history import StreamHistory
from streaming.fold.tables import open_tables
from streaming.fold.worker import FoldWorker, Parts
from streaming.history import History, scan_events
from streaming.log.partition import partition_of

NOON_US = 1_500_000_000_000_000
SPEND = view_spec(
    "spend",
    "windowed",
    fields(
        [
            count("events_7d", window=days(7)),
            total("spent_7d", of="value", window=days(7), scale=1),
            distinct("items_7d", of="item_id", window=days(7)),
        ],
        hop=hours(1),
    ),
)
DAILY = view_spec("daily", "windowed", fields([count("events_30d", window=days(30))], hop=days(1)))
PROFILE = view_spec("profile", "row", [("kids", "int64", {})])


def catalog_of(*views: Any) -> Catalog:
    """A catalog of views on one source."""
    made = {view.name: CatalogView(view, 0, "events" if view.kind == "windowed" else "") for view in views}
    return Catalog(made, {}, {}, "v")


class Notices:
    """A publisher that remembers."""

    def __init__(self) -> None:
        self.told: list[tuple[str, tuple[str, ...]]] = []

    def publish(self, table: str, users: Sequence[str]) -> None:
        if users:
            self.told.append((table, tuple(users)))

    def close(self) -> None:
        """Nothing to do."""


class FoldWorld:
    """One log, one state, one history, and the worker of the moment."""

    def __init__(self, root: Path, catalog: Catalog | None = None, partitions: int = 4) -> None:
        self.root = root
        self.catalog = catalog or catalog_of(SPEND, PROFILE)
        self.log = FakeLog(partitions)
        self.state = FakeState()
        self.notices = Notices()
        self.now_us = NOON_US
        self.said: list[str] = []
        self.numbers = iter(range(10**6))
        self.start()

    def start(self) -> None:
        """A new worker, as after a restart or a kill: nothing in memory is kept."""
        self.registry = CollectorRegistry()
        self.meters = FoldMeters(self.registry)
        self.history = StreamHistory(History(self.root), 10**6, 10**6)
        self.worker = FoldWorker(
            Parts(
                state=self.state,
                open_tables=lambda: open_tables(self.catalog, self.state),
                history=self.history,
                changes=self.notices,
                forward=self.forward,
                clock=FixedClock(self.now_us),
                meters=self.meters,
                say=self.said.append,
                batch_records=100,
                held_limit=10**6,
            )
        )
        for member in list(self.log.members):
            self.log.owners = {p: owner for p, owner in self.log.owners.items() if owner is not member}
            self.log.members.remove(member)
        self.consumer = self.log.consumer(self.worker.assigned, self.worker.revoked)

    def publish(self, *events: PackedEvent) -> None:
        """Append events as the door would."""
        records = [(partition_of(event.user_id, self.log.partitions), pack_event(event)) for event in events]
        asyncio.run(self.log.append(records))

    def forward(self, events: Sequence[PackedEvent]) -> None:
        """What the worker sends on."""
        self.publish(*events)

    def drain(self, batch: int = 100) -> None:
        """Fold everything there is."""
        while records := self.consumer.poll(batch, 0.0):
            self.worker.fold(records)

    def event(self, user: str, at_us: int = NOON_US, **columns: Any) -> PackedEvent:
        """A purchase; its id is new unless given."""
        identity = columns.pop("event_id", f"e{next(self.numbers)}")
        recorded_us = columns.pop("recorded_us", at_us)
        return PackedEvent(user, identity, "purchase", at_us, recorded_us, **columns)

    def alias(self, user: str, target: str, at_us: int = NOON_US) -> PackedEvent:
        """An id becomes a user."""
        identity = f"a{next(self.numbers)}"
        return PackedEvent(user, identity, "alias", at_us, at_us, kind=RecordKind.ALIAS, tail=target.encode())

    def values(self, user: str, view: Any = SPEND, t_us: int = NOON_US) -> list[float]:
        """The features of a user, read as the gateway reads them."""
        plan = compile_view(view)
        tables = self.catalog.tables()
        table_of = {name: self.catalog.table_of(name) for name in self.catalog.views}
        reader = compile_reader([plan], tables, table_of)
        rows = [self.state.read(table, [user])[0] for table in reader.tables]
        return reader.one(rows, t_us).values.tolist()

    def written(self) -> Counter[str]:
        """Event ids in the Parquet history, with how often each is there."""
        self.history.flush()
        return Counter(scan_events(self.root).column("event_id").to_pylist())
