"""A worker's real parts, from its order: which adapter meets which port."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from serving.adapters.breaking_features import BreakingFeatures
from serving.adapters.delayed_features import DelayedFeatures
from serving.adapters.parquet_prediction_history import ParquetPredictionHistory
from serving.adapters.parquet_prediction_log import LogCounters, LogLimits, ParquetPredictionLog
from serving.adapters.shared_features import SharedFeatures
from serving.adapters.stored_features import StoredFeatures
from serving.adapters.table_marks import Sightings
from serving.composition import Parts
from serving.domain.admission import AdmissionLimits
from serving.domain.circuit import Circuit
from serving.metrics.families import families
from serving.metrics.recorder import Recorder
from serving.metrics.shared_numbers import Layout, map_numbers
from serving.metrics.version_numbers import version_recorder
from serving.observers import open_observers
from serving.order import WorkerOrder
from serving.ports import FeatureSource
from serving.releases.definitions import Definitions
from serving.releases.lineup import FeaturesOf, Lineup
from serving.releases.loading import VersionLoader
from serving.releases.office import ReleaseOffice
from serving.server import Limits
from serving.servicers.forwarded_events import ForwardedEvents
from serving.servicers.releasing import ReleaseMethods
from strata.changes import open_subscriber
from strata.errors import StrataError
from strata.registry.catalog import Catalog
from strata.release import Entry, ReleaseLog
from strata.settings import Settings
from strata.state import open_state
from strata.state.mapped_pages import map_in
from strata.state.ports import AsyncStateReader
from strata.tracing import open_tracing

if TYPE_CHECKING:
    from strata.state.redis_async import AsyncRedisReader

_log = logging.getLogger("strata.gateway")
Wanted = Mapping[str, Sequence[tuple[str, str]]]


@dataclass(frozen=True)
class Assembly:
    """The parts of the newest release that can be served, and what has to be closed."""

    parts: Parts
    entry: Entry
    log: ReleaseLog
    lineup: Lineup
    definitions: Definitions
    predictions: ParquetPredictionLog
    history: ParquetPredictionHistory
    """What this home's workers answered before."""
    shared: AsyncRedisReader | None
    """The connection to a state across the network."""


async def assemble(order: WorkerOrder) -> Assembly:
    """Open everything an order names. Raises StrataError in one sentence."""
    settings = order.settings
    definitions = Definitions(settings.registry)
    catalog = await definitions.now()
    layout = Layout(families())
    recorder = Recorder(map_numbers(order.numbers, layout), layout)
    tracing = open_tracing(settings.tracing, "strata-gateway")
    features_of, shared = _features(settings)
    office = ReleaseOffice(settings)
    lineup = Lineup(list(settings.segmenters), VersionLoader(settings, tracing), features_of)
    predictions = _predictions(order, recorder)
    base = Parts(
        segmenters={},
        features=features_of(catalog, {}),
        catalog=catalog,
        predictions=predictions,
        last_known_users=settings.gateway.last_known_users,
        clock=settings.make_clock(),
        recorder=recorder,
        limits=_limits(settings),
        changes=open_subscriber(settings.run, settings.state_url),
        tracked=frozenset(name for name, segmenter in settings.segmenters.items() if segmenter.track),
        events=ForwardedEvents(f"{settings.stream.host}:{settings.stream.port}"),
        version_recorder=lambda name, version: version_recorder(order.numbers.parent, order.slot, name, version),
        releases=ReleaseMethods(office),
        observers=open_observers(order.numbers, tracing),
        admission=_admission(settings),
    )
    parts, entry = await last_good(office.log, lineup, base)
    profiles = [each.profile for each in parts.served.values()]
    predictions.serve(profiles)
    predictions.start()
    history = ParquetPredictionHistory(settings.predictions, profiles, parts.clock)
    return Assembly(parts, entry, office.log, lineup, definitions, predictions, history, shared)


async def last_good(log: ReleaseLog, lineup: Lineup, base: Parts) -> tuple[Parts, Entry]:
    """The newest release that can be served, and its parts. Raises what stands in the way of the very newest."""
    first: StrataError | None = None
    for entry in log.entries():
        try:
            parts = await lineup.parts(entry.release, base, patiently=False)
        except StrataError as fault:
            first = first or fault
            fields = {"serial": entry.release.serial, "reason": str(fault)}
            _log.error("release cannot be served; trying the one before", extra={"fields": fields})
            continue
        return parts, entry
    raise first or StrataError("no release is logged; start the gateway with strata serve, which logs the first one")


def _features(settings: Settings) -> tuple[FeaturesOf, AsyncRedisReader | None]:
    """A source per release, over one open state."""
    delay_s = settings.drills.store_delay_ms / 1_000

    def delayed(features: FeatureSource) -> FeatureSource:
        return DelayedFeatures(features, delay_s) if delay_s else features

    if not settings.state_url:
        state = open_state(settings.state, readonly=True)
        map_in(settings.state)
        return lambda catalog, wanted: delayed(StoredFeatures(state, catalog, wanted)), None
    from strata.state.redis_async import AsyncRedisReader

    reader = AsyncRedisReader(settings.state_url)
    reader.start()
    return across_network(reader, delayed), reader


def across_network(
    reader: AsyncStateReader, delayed: Callable[[FeatureSource], FeatureSource] = lambda it: it
) -> FeaturesOf:
    """What a worker knows of the store, it knows for every release: what its tables are like, and that it hangs."""
    seen, circuit = Sightings(), Circuit()

    def features_of(catalog: Catalog, wanted: Wanted) -> FeatureSource:
        return BreakingFeatures(delayed(SharedFeatures(reader, catalog, wanted, seen)), circuit=circuit)

    return features_of


def _predictions(order: WorkerOrder, recorder: Recorder) -> ParquetPredictionLog:
    log = order.settings.prediction_log

    def counter(outcome: str) -> Any:
        position = recorder.position("strata_prediction_log_rows", outcome)
        return lambda rows: recorder.add(position, rows)

    return ParquetPredictionLog(
        order.settings.predictions,
        f"w{order.slot:03d}",
        rows=max(log.queue_rows // max(len(order.settings.segmenters), 1), 1),
        limits=LogLimits(log.share, log.rotate_rows, log.rotate_s, log.max_bytes),
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
