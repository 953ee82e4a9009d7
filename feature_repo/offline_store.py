"""Feast's offline store: windowed features exact at each row's own instant, facts as they were known.

Rows come back in the order of the entity frame, repeated rows included. Everything else an offline store does is
inherited from Feast's DuckDB store.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from feast import FeatureView, FileSource, OnDemandFeatureView
from feast.infra.offline_stores.duckdb import DuckDBOfflineStore, DuckDBOfflineStoreConfig
from feast.infra.offline_stores.offline_store import RetrievalJob

from feature_repo.historical_job import HistoricalJob, ViewRequest
from feature_repo.offline.frame import Asked, instants_us, users_of
from feature_repo.places import history_of
from feature_repo.specs import name_of, plan_of
from strata.errors import InputInvalid

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from feast.data_source import DataSource
    from feast.infra.registry.base_registry import BaseRegistry
    from feast.repo_config import RepoConfig

EVENT_TIMESTAMP = "event_timestamp"


class StrataOfflineStoreConfig(DuckDBOfflineStoreConfig):
    """What feature_store.yaml may say under `offline_store`."""

    type: Literal["feature_repo.offline_store.StrataOfflineStore"] = "feature_repo.offline_store.StrataOfflineStore"
    home: str = "../.strata"
    """Where relative source paths start; itself relative to the repository."""


class StrataOfflineStore(DuckDBOfflineStore):
    """Named by class path in feature_store.yaml."""

    @staticmethod
    def get_historical_features(  # noqa: PLR0917 - the signature is Feast's
        config: RepoConfig,
        feature_views: list[FeatureView],
        feature_refs: list[str],
        entity_df: pd.DataFrame | str | None,
        registry: BaseRegistry,
        project: str,
        full_feature_names: bool = False,
        filter_by_created_timestamp: bool = False,
        **unused: Any,
    ) -> RetrievalJob:
        """A job giving `entity_df` with a column per feature, null where missing.

        With `filter_by_created_timestamp` an event or fact counts at t only if it was recorded by t: what online
        reads could have given then. Raises InputInvalid for a frame that is not user ids and times, and
        DefinitionInvalid for a view that is not ours.
        """
        frame = _checked_frame(entity_df, unused)
        t_us = instants_us(frame[EVENT_TIMESTAMP], EVENT_TIMESTAMP)
        keys = [_key(view, frame) for view in feature_views]
        requests = [
            ViewRequest(
                plan=plan_of(view),
                source=history_of(config, view.batch_source),
                key=key,
                asked=Asked(users_of(frame[key], key), t_us),
                names=_names(view, feature_refs),
                prefix=f"{name_of(view)}__" if full_feature_names else "",
            )
            for view, key in zip(feature_views, keys, strict=True)
        ]
        on_demand = OnDemandFeatureView.get_requested_odfvs(feature_refs, project, registry)
        return HistoricalJob(
            frame, requests, feature_refs, on_demand, full_feature_names, as_known=filter_by_created_timestamp
        )

    @staticmethod
    def pull_latest_from_table_or_query(
        config: RepoConfig, data_source: DataSource, *rest: Any, **named: Any
    ) -> RetrievalJob:
        """As Feast's own, with the source's path below our home."""
        return DuckDBOfflineStore.pull_latest_from_table_or_query(config, _located(config, data_source), *rest, **named)

    @staticmethod
    def pull_all_from_table_or_query(
        config: RepoConfig, data_source: DataSource, *rest: Any, **named: Any
    ) -> RetrievalJob:
        """As Feast's own, with the source's path below our home."""
        return DuckDBOfflineStore.pull_all_from_table_or_query(config, _located(config, data_source), *rest, **named)

    @staticmethod
    def offline_write_batch(config: RepoConfig, feature_view: FeatureView, table: pa.Table, progress: Any) -> None:
        """Refused: Feast would rewrite a whole history to append a row."""
        raise InputInvalid(
            f"{feature_view.name} cannot be pushed to the offline store: the history is written by "
            "'strata events import'; push to the online store"
        )

    def validate_data_source(self, config: RepoConfig, data_source: DataSource) -> None:
        """Definitions may be applied before there is any data."""
        history_of(config, data_source)


def _checked_frame(entity_df: pd.DataFrame | str | None, unused: dict[str, Any]) -> pd.DataFrame:
    import pandas as pd

    if entity_df is None or unused.get("start_date") or unused.get("end_date"):
        raise InputInvalid(
            "a date range says neither who nor when: pass entity_df, a DataFrame of user ids and event_timestamp"
        )
    if not isinstance(entity_df, pd.DataFrame):
        raise InputInvalid("entity_df should be a DataFrame of user ids and event_timestamp, not SQL or a path")
    if EVENT_TIMESTAMP not in entity_df.columns:
        raise InputInvalid(
            f"entity_df has no column {EVENT_TIMESTAMP}; it has {', '.join(map(str, entity_df.columns)) or 'none'}"
        )
    return entity_df


def _key(view: FeatureView, frame: pd.DataFrame) -> str:
    """The frame's column that holds the view's users."""
    if len(view.entity_columns) != 1:
        raise InputInvalid(f"view {view.name} has {len(view.entity_columns)} join keys; views here have one")
    key = view.entity_columns[0].name
    column = str((view.projection.join_key_map or {}).get(key, key))
    if column not in frame.columns:
        raise InputInvalid(f"entity_df has no column {column}; it has {', '.join(map(str, frame.columns))}")
    return column


def _names(view: FeatureView, feature_refs: Sequence[str]) -> list[str]:
    pairs = (ref.split(":", 1) for ref in feature_refs)
    return [feature for name, feature in pairs if name == name_of(view)]


def _located(config: RepoConfig, source: DataSource) -> DataSource:
    if not isinstance(source, FileSource):
        return source
    proto = source.to_proto()
    proto.file_options.uri = history_of(config, source).pattern
    located: FileSource = FileSource.from_proto(proto)
    return located
