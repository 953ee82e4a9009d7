"""Feast's online store on the platform's state: Feast's SDK, CLI and servers give the gateway's numbers.

Row views hold one packed row per user. Windowed views hold tiles and are evaluated at the clock when read. Raw
events come in through an event view and change every windowed view of the same history.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from feast.infra.online_stores.online_store import OnlineStore
from feast.infra.supported_async_methods import SupportedAsyncMethods
from feast.repo_config import FeastConfigBaseModel

from feature_repo.online.clock import clock_of
from feature_repo.online.values import to_datetime, user_of, value_of
from feature_repo.online.write import FeastRow, event_batch, write_facts
from feature_repo.online.write_rows import fold_events
from feature_repo.places import in_repo
from feature_repo.specs import kind_of, plan_of
from strata.clock import Clock
from strata.errors import InputInvalid
from strata.features.evaluate import NO_TIME, evaluate
from strata.features.plan import Plan, compile_view
from strata.registry import read_catalog
from strata.state import LmdbState, open_state

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
    settings: str = "../strata.yaml"
    """The settings file whose clock counts, relative to the repository."""


class StrataOnlineStore(OnlineStore):
    """Named by class path in feature_store.yaml. Feast makes one per FeatureStore."""

    # Feast would import seven vendors' stores to find out that this is none of them.
    _versioned_read_supported = False

    def __init__(self) -> None:
        self.clock: Clock | None = None
        """Whose time it is; None until first use means the settings'."""
        self._state: tuple[Path, LmdbState] | None = None

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
        rows = self.state(config).read(table.name, [user_of(key) for key in entity_keys])
        found = evaluate(plan, rows, now_us)
        wanted = [
            (i, field)
            for i, field in enumerate(plan.spec.fields)
            if not requested_features or field.name in requested_features
        ]
        return [
            (to_datetime(newest_us), {field.name: value_of(field, float(found.values[n, i])) for i, field in wanted})
            if _is_found(plan, newest_us, now_us)
            else (None, None)
            for n, newest_us in enumerate(found.newest_us.tolist())
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
            fold_events(self.state(config), self._plans_reading(config, table), events)
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
        self._empty(config, tables_to_delete)

    def teardown(self, config: RepoConfig, tables: Sequence[FeatureView], entities: Sequence[Any]) -> None:
        """Empty the rows of these views."""
        self._empty(config, tables)

    def _empty(self, config: RepoConfig, views: Sequence[FeatureView]) -> None:
        if not views or not in_repo(config, config.online_store.path).exists():
            return
        for view in views:
            with self.state(config).begin_generation(view.name) as generation:
                generation.commit(0)

    def _plans_reading(self, config: RepoConfig, table: FeatureView) -> list[Plan]:
        source = table.batch_source.name if table.batch_source else ""
        catalog = read_catalog(in_repo(config, config.registry.path))
        return [compile_view(view.spec) for view in catalog.windowed_on(source)]

    def state(self, config: RepoConfig) -> LmdbState:
        """The online state, opened on first use and kept for the life of the store."""
        path = in_repo(config, config.online_store.path)
        if self._state is None or self._state[0] != path:
            self._state = (path, open_state(path))
        return self._state[1]

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
