"""A worker's real parts, from its order: which adapter meets which port."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc

from serving.adapters.breaking_segmenter import BreakingSegmenter
from serving.adapters.delayed_features import DelayedFeatures
from serving.adapters.embedded_segmenter import EmbeddedSegmenter
from serving.adapters.packages import embedded_package, remote_profile
from serving.adapters.parquet_prediction_log import LogCounters, LogLimits, ParquetPredictionLog
from serving.adapters.remote_package import RemotePackage
from serving.adapters.remote_segmenter import RemoteSegmenter
from serving.adapters.shared_features import SharedFeatures
from serving.adapters.stored_features import StoredFeatures
from serving.composition import Parts
from serving.domain.admission import AdmissionLimits
from serving.domain.watch_round import shortest_hop_us
from serving.metrics.families import families
from serving.metrics.recorder import Recorder
from serving.metrics.shared_numbers import Layout, map_numbers
from serving.order import WorkerOrder, versions_of
from serving.ports import FeatureSource, Segmenter
from serving.server import Limits
from serving.servicers.forwarded_events import ForwardedEvents
from strata.changes import open_subscriber
from strata.registry import read_catalog
from strata.registry.catalog import Catalog
from strata.settings import Settings
from strata.state import open_state

if TYPE_CHECKING:
    from strata.state.redis_async import AsyncRedisReader


@dataclass(frozen=True)
class Assembly:
    """The parts, and what has to be closed."""

    parts: Parts
    predictions: ParquetPredictionLog
    watched: list[RemotePackage]
    channels: list[Any]
    shared: AsyncRedisReader | None
    """The connection to a state across the network."""


async def assemble(order: WorkerOrder) -> Assembly:
    """Open everything an order names. Raises StrataError in one sentence."""
    settings = order.settings
    catalog = read_catalog(settings.registry)
    layout = Layout(families(versions_of(settings)))
    recorder = Recorder(map_numbers(order.numbers, layout), layout)
    segmenters: dict[str, Segmenter] = {}
    watched: list[RemotePackage] = []
    channels: list[Any] = []
    for name, segmenter in settings.segmenters.items():
        if segmenter.placement == "embedded":
            package = embedded_package(settings.packages, name, segmenter.version, catalog)
            segmenters[name] = EmbeddedSegmenter(package)
        else:
            remote, package_watch, channel = _remote(settings, name, segmenter.version, catalog)
            segmenters[name] = BreakingSegmenter(remote)
            watched.append(package_watch)
            channels.append(channel)
    predictions = _predictions(order, segmenters, recorder)
    features, shared = _features(settings, catalog, segmenters)
    if settings.drills.store_delay_ms:
        features = DelayedFeatures(features, settings.drills.store_delay_ms / 1_000)
    for package_watch in watched:
        package_watch.start()
    predictions.start()
    parts = Parts(
        segmenters=segmenters,
        features=features,
        predictions=predictions,
        last_known_users=settings.gateway.last_known_users,
        clock=settings.make_clock(),
        recorder=recorder,
        limits=_limits(settings),
        changes=open_subscriber(settings.run, settings.state_url),
        hop_us=shortest_hop_us([layout.hop_us for layout in catalog.tables().values()]),
        tracked=frozenset(name for name, segmenter in settings.segmenters.items() if segmenter.track),
        events=ForwardedEvents(f"{settings.stream.host}:{settings.stream.port}"),
        admission=_admission(settings),
    )
    return Assembly(parts, predictions, watched, channels, shared)


def _features(
    settings: Settings, catalog: Catalog, segmenters: dict[str, Segmenter]
) -> tuple[FeatureSource, AsyncRedisReader | None]:
    wanted = {name: segmenter.profile.features for name, segmenter in segmenters.items()}
    if not settings.state_url:
        return StoredFeatures(open_state(settings.state, readonly=True), catalog, wanted), None
    from strata.state.redis_async import AsyncRedisReader

    reader = AsyncRedisReader(settings.state_url)
    reader.start()
    return SharedFeatures(reader, catalog, wanted), reader


def _remote(
    settings: Settings, name: str, version: str, catalog: Catalog
) -> tuple[RemoteSegmenter, RemotePackage, Any]:
    profile = remote_profile(settings.packages, name, version, catalog)
    address = f"{settings.bento.host}:{settings.bento.grpc_port}"
    channel = grpc.aio.insecure_channel(
        address,
        options=[
            ("grpc.enable_http_proxy", 0),
            ("grpc.use_local_subchannel_pool", 1),
            # A Bento that comes back is found within a second or two.
            ("grpc.initial_reconnect_backoff_ms", 200),
            ("grpc.min_reconnect_backoff_ms", 200),
            ("grpc.max_reconnect_backoff_ms", 1_500),
        ],
    )
    package = RemotePackage(profile, channel, address)
    return RemoteSegmenter(profile, channel, package), package, channel


def _predictions(order: WorkerOrder, segmenters: dict[str, Segmenter], recorder: Recorder) -> ParquetPredictionLog:
    log = order.settings.prediction_log

    def counter(outcome: str) -> Any:
        position = recorder.position("strata_prediction_log_rows", outcome)
        return lambda rows: recorder.add(position, rows)

    return ParquetPredictionLog(
        order.settings.predictions,
        f"w{order.slot:03d}",
        profiles={name: segmenter.profile for name, segmenter in segmenters.items()},
        limits=LogLimits(log.share, log.queue_rows, log.rotate_rows, log.rotate_s, log.max_bytes),
        counters=LogCounters(counter("written"), counter("dropped_full_queue"), counter("dropped_write_error")),
    )


def _limits(settings: Settings) -> Limits:
    gateway = settings.gateway
    return Limits(
        default_s=gateway.default_deadline_ms / 1_000,
        batch_default_s=gateway.batch_deadline_ms / 1_000,
        max_connection_age_s=gateway.max_connection_age_s,
        drain_s=gateway.drain_s,
        max_pending_calls=gateway.max_pending_calls if gateway.admission else 0,
        max_concurrent_streams=gateway.max_concurrent_streams,
    )


def _admission(settings: Settings) -> AdmissionLimits | None:
    gateway = settings.gateway
    if not gateway.admission:
        return None
    calm_s = gateway.calm_wait_ms / 1_000
    return AdmissionLimits(gateway.least_in_flight, gateway.most_in_flight, gateway.batch_share, calm_s)
