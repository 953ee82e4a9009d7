"""Feast's online store on the platform's state: Feast's SDK, CLI and servers give the gateway's numbers.

Row views hold one packed row per user. Windowed views of one history and hop share a row of tiles, evaluated at the
clock when read. Raw events come in through an event view and change every windowed view of the same history.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence, Set
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from feast.infra.online_stores.online_store import OnlineStore
from feast.infra.supported_async_methods import SupportedAsyncMethods
from feast.repo_config import FeastConfigBaseModel

from feature_repo.online.clock import clock_of, settings_of
from feature_repo.online.stored import StoredValues
from feature_repo.online.values import to_datetime, user_of, value_of
from feature_repo.online.write import FeastRow, event_batch, write_facts
from feature_repo.online.write_rows import fold_events
from feature_repo.places import in_repo
from feature_repo.specs import kind_of, plan_of, table_of
from strata.clock import Clock
from strata.errors import InputInvalid
from strata.features.layout import Layout, table_name
from strata.features.plan import Plan
from strata.features.reader import NO_TIME
from strata.registry import read_catalog
from strata.registry.read import EVENTS_KIND
from strata.state import State, open_state

if TYPE_CHECKING:
    from feast import FeatureView, RepoConfig
    from feast.protos.feast.types.EntityKey_pb2 import EntityKey
    from feast.protos.feast.types.Value_pb2 import Value

ReadRow = tuple[datetime | None, dict[str, "Value"] | None]


class StrataOnlineStoreConfig(FeastConfigBaseModel):
    """What feature_store.yaml may say under `online_store`."""

    type: Literal["feature_repo.online_store.StrataOnlineStore"] = "feature_repo.online_store.StrataOnlineStore"
    path: str = "../.strata/state"
    """The state's folder, relative to the repository."""
    url: str | None = None
    """Or where it is in Redis; empty for the folder, and what the settings say when it is not given."""
    partitions: int | None = None
    """Of the event log; what the settings say when it is not given."""
    settings: str = "../strata.yaml"
    """The settings file whose clock counts, relative to the repository."""


class StrataOnlineStore(OnlineStore):
    """Named by class path in feature_store.yaml. Feast makes one per FeatureStore."""

    # Feast would import seven vendors' stores to find out that this is none of them.
    _versioned_read_supported = False

    def __init__(self) -> None:
        self.clock: Clock | None = None
        """Whose time it is; None until first use means the settings'."""
        self._state: tuple[Path | str, State, StoredValues] | None = None
        self._settings_url: tuple[str] | None = None
        self._tables: tuple[tuple[int, int], dict[str, Layout]] | None = None

    @property
    def async_supported(self) -> SupportedAsyncMethods:
        """Both: a read is a few microseconds in this process, a write goes to a thread."""
        return SupportedAsyncMethods(read=True, write=True)

    def online_read(
        self,
        config: RepoConfig,
        table: FeatureView,
        entity_keys: Sequence[EntityKey],
        requested_features: list[str] | None = None,
    ) -> list[ReadRow]:
        """Values at the clock, in the order of keys: (newest event time, values), or (None, None) for NOT_FOUND.

        NOT_FOUND is a user without a row, and a fact older than its view's ttl or dated after the clock: Feast has
        no way to say "expired" from here. A missing value is PRESENT and not set.
        """
        plan = plan_of(table)
        now_us = self.now_us(config)
        users = [user_of(key) for key in entity_keys]
        found = self._values(config).read(plan, table_of(table), self.tables(config), users, now_us)
        wanted = [
            (i, field)
            for i, field in enumerate(plan.spec.fields)
            if not requested_features or field.name in requested_features
        ]
        return [
            (to_datetime(newest_us), {field.name: value_of(field, float(found.values[n, i])) for i, field in wanted})
            if _is_found(plan, newest_us, now_us)
            else (None, None)
            for n, newest_us in enumerate(found.newest_us[0].tolist())
        ]

    async def online_read_async(self, *args: Any, **named: Any) -> list[ReadRow]:
        """As `online_read`."""
        return self.online_read(*args, **named)

    def online_write_batch(
        self,
        config: RepoConfig,
        table: FeatureView,
        data: Sequence[FeastRow],
        progress: Callable[[int], Any] | None,
    ) -> None:
        """Fold events, or keep the newest facts. All of `data` is taken or none of it; repeating it is harmless.

        Raises InputInvalid for a windowed view, which is computed, and for rows the view cannot hold.
        """
        kind, now_us = kind_of(table), self.now_us(config)
        if kind == "windowed":
            raise InputInvalid(f"{table.name} is computed from events; push to the source of its event view")
        if kind == "row":
            write_facts(self.state(config), plan_of(table), data, now_us)
        else:
            events = event_batch(data, now_us)
            fold_events(self.state(config), self._tables_of(config, table), events)
        if progress:
            progress(len(data))

    async def online_write_batch_async(self, *args: Any, **named: Any) -> None:
        """As `online_write_batch`, in a thread: a write waits for the disk."""
        await asyncio.to_thread(self.online_write_batch, *args, **named)

    def update(  # noqa: PLR0917 - the signature is Feast's
        self,
        config: RepoConfig,
        tables_to_delete: Sequence[FeatureView],
        tables_to_keep: Sequence[FeatureView],
        entities_to_delete: Sequence[Any],
        entities_to_keep: Sequence[Any],
        partial: bool,
    ) -> None:
        """Check what is being applied, and empty what is deleted; Feast calls this before it writes its registry.

        Nothing is kept here about views, so a call that names only some of them (`partial`) is as good as any.
        Raises DefinitionInvalid, upon which the registry stays as it was.
        """
        for view in tables_to_keep:
            plan_of(view)
        kept = {table_of(view) for view in tables_to_keep}
        gone = [view for view in tables_to_delete if kind_of(view) != EVENTS_KIND]
        if partial:  # others that are not named here may need a table
            gone = [view for view in gone if kind_of(view) == "row"]
        self._empty(config, {table_of(view) for view in gone} - kept)

    def teardown(self, config: RepoConfig, tables: Sequence[FeatureView], entities: Sequence[Any]) -> None:
        """Empty the rows of these views, and of others that share a table with them."""
        self._empty(config, {table_of(view) for view in tables if kind_of(view) != EVENTS_KIND})

    def _empty(self, config: RepoConfig, tables: Set[str]) -> None:
        if not tables or (not self._url(config) and not in_repo(config, config.online_store.path).exists()):
            return
        for table in sorted(tables):
            with self.state(config).begin_generation(table) as generation:
                generation.commit(0)

    def tables(self, config: RepoConfig) -> dict[str, Layout]:
        """The windowed tables of the registry, with the layouts the definitions ask for."""
        path = in_repo(config, config.registry.path)
        try:
            found = path.stat()
        except FileNotFoundError:
            return {}
        stamp = (found.st_mtime_ns, found.st_size)
        if self._tables is None or self._tables[0] != stamp:
            self._tables = (stamp, read_catalog(path).tables())
        return self._tables[1]

    def _tables_of(self, config: RepoConfig, events: FeatureView) -> dict[str, Layout]:
        """Those of the history that an event view is the door of."""
        source = events.batch_source.name if events.batch_source else ""
        names = {table_name(source, layout.hop_us) for layout in self.tables(config).values()}
        return {table: layout for table, layout in self.tables(config).items() if table in names}

    def state(self, config: RepoConfig) -> State:
        """The online state, opened on first use and kept for the life of the store."""
        return self._opened(config)[0]

    def partitions(self, config: RepoConfig) -> int:
        """Of the event log."""
        given: int | None = config.online_store.partitions
        return settings_of(config).log.partitions if given is None else given

    def _values(self, config: RepoConfig) -> StoredValues:
        return self._opened(config)[1]

    def _opened(self, config: RepoConfig) -> tuple[State, StoredValues]:
        where = self._url(config) or in_repo(config, config.online_store.path)
        if self._state is None or self._state[0] != where:
            state = open_state(where)
            self._state = (where, state, StoredValues(state))
        return self._state[1], self._state[2]

    def _url(self, config: RepoConfig) -> str:
        given: str | None = config.online_store.url
        if given is None:  # Feast's own commands: asked once, a file is read for it
            self._settings_url = self._settings_url or (settings_of(config).state_url,)
            return self._settings_url[0]
        return given

    async def close(self) -> None:
        """Let go of the state; Feast's server calls this when it ends."""
        if self._state is not None:
            self._state[1].close()
            self._state = None

    def now_us(self, config: RepoConfig) -> int:
        """The platform's time."""
        if self.clock is None:
            self.clock = clock_of(config)
        return self.clock.now_us()


def _is_found(plan: Plan, newest_us: int, now_us: int) -> bool:
    if newest_us == NO_TIME:
        return False
    if plan.spec.kind == "windowed":
        return True
    return newest_us <= now_us and (plan.ttl_us is None or newest_us >= now_us - plan.ttl_us)
