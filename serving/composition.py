"""Segmenters, features, desks and methods put together; every decorator is stacked here, in sight."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from serving.adapters.kernel_answers import KernelAnswers
from serving.adapters.measured_features import MeasuredFeatures
from serving.adapters.measured_segmenter import MeasuredSegmenter
from serving.adapters.shadowing_log import Shadowing, ShadowingLog
from serving.adapters.silent import Unlogged, Unmetered
from serving.domain.admission import AdmissionLimits
from serving.domain.desk import SegmentationDesk
from serving.domain.last_known import LastKnown
from serving.domain.routing import Canary, Routing, Share
from serving.domain.segmenter import SegmenterProfile
from serving.domain.single_desk import SingleDesk
from serving.domain.step_notes import noted
from serving.domain.watch_round import Looking
from serving.door import GuardedDoor
from serving.metrics.families import METHODS
from serving.metrics.meters import AssignmentMeter, MethodMeter, ReplyMeter, ScoreMeter
from serving.metrics.recorder import Recorder
from serving.metrics.version_numbers import private_recorder
from serving.observers import NOBODY, Observers
from serving.ports import FeatureSource, PredictionLog, Segmenter, SingleAnswers
from serving.server import GatewayServer, Limits
from serving.servicers.forwarded_events import ForwardedEvents
from serving.servicers.live_reply import TAGS, LivePieces
from serving.servicers.releasing import ReleaseMethods
from serving.servicers.segmentation import SegmentationMethods
from serving.watching import Watching
from strata.changes import ChangeSubscriber
from strata.clock import Clock
from strata.registry.catalog import NOTHING, Catalog
from strata.runtime.native_single import StagePlaces


@dataclass(frozen=True)
class CanaryPart:
    """A version that answers for a share of the users."""

    segmenter: Segmenter
    share: Share


@dataclass(frozen=True)
class Parts:
    """What a gateway is made of. What another release changes stands first."""

    segmenters: Mapping[str, Segmenter]
    """By name: the live version of each."""
    features: FeatureSource
    predictions: PredictionLog
    last_known_users: int
    clock: Clock
    recorder: Recorder
    limits: Limits
    events: ForwardedEvents | None = None
    changes: ChangeSubscriber | None = None
    """Who tells of users whose rows are new; None where nothing is watched."""
    catalog: Catalog = NOTHING
    """What the registry defined when these were put together."""
    hop_us: int = 3_600_000_000
    """The shortest hop of any table."""
    tracked: frozenset[str] = frozenset()
    """Segmenters all of whose users may be watched."""
    canaries: Mapping[str, CanaryPart] = field(default_factory=dict)
    """By name."""
    shadowing: Shadowing | None = None
    """Scores the shadow versions beside the answers."""
    version_recorder: Callable[[str, str], Recorder] = private_recorder
    """Where one version (segmenter, version) of what is served is counted."""
    releases: ReleaseMethods | None = None
    """ReleaseService, where it is served."""
    observers: Observers = NOBODY
    """Who looks on."""
    admission: AdmissionLimits | None = None
    """What may be begun at once; None: everything."""

    @property
    def served(self) -> dict[str, Segmenter]:
        """Every version that answers somebody, by key."""
        canaries = (canary.segmenter for canary in self.canaries.values())
        return {each.profile.key: each for each in (*self.segmenters.values(), *canaries)}

    @property
    def live(self) -> dict[str, SegmenterProfile]:
        """By name."""
        return {name: segmenter.profile for name, segmenter in self.segmenters.items()}

    @property
    def routing(self) -> Routing:
        """Who is answered by which."""
        canaries = {name: Canary(each.segmenter.profile.key, each.share) for name, each in self.canaries.items()}
        return Routing({name: profile.key for name, profile in self.live.items()}, canaries)


class Composition:
    """The server of one worker, and what lets it serve another release."""

    def __init__(self, parts: Parts) -> None:
        self.last_known = LastKnown(parts.served, parts.last_known_users)
        self._parts = parts
        self._watching = Watching(
            _looking(parts),
            parts.live,
            changes=parts.changes,
            clock=parts.clock,
            recorder=parts.recorder,
            hop_us=parts.hop_us,
            tracked=parts.tracked,
        )
        meters = {name: MethodMeter(parts.recorder, name) for name in METHODS}
        guard = parts.observers.guard()
        door = None
        if parts.admission is not None:
            door = GuardedDoor(parts.admission, parts.recorder, meters, guard.callers)
        self.server = GatewayServer(
            _methods(parts, self.last_known),
            meters,
            parts.limits,
            watching=self._watching,
            events=parts.events,
            releases=parts.releases,
            guard=guard,
            door=door,
        )

    def switch(self, parts: Parts) -> None:
        """Serve other versions, from the next call on; those under way end by the versions they began with.

        Raises OSError when a version's numbers have no room; nothing is switched then.
        """
        methods = _methods(parts, self.last_known)
        for key in parts.served:
            self.last_known.admit(key)
        self.server.switch(methods)
        self._watching.switch(_looking(parts), parts.live, parts.hop_us)
        self._parts = parts


def compose_server(parts: Parts) -> GatewayServer:
    """The server of one worker."""
    return Composition(parts).server


def _methods(parts: Parts, last_known: LastKnown) -> SegmentationMethods:
    recorders = {
        each.profile: parts.version_recorder(each.profile.name, each.profile.version) for each in parts.served.values()
    }
    assignments = AssignmentMeter(recorders)
    meter = parts.observers.meter(assignments)
    predictions = parts.predictions if parts.shadowing is None else ShadowingLog(parts.predictions, parts.shadowing)

    def features(method: str) -> FeatureSource:
        seconds = parts.recorder.histogram("strata_stage_seconds", method, "features")
        return parts.observers.features(MeasuredFeatures(parts.features, noted("features", seconds.observe)))

    def measured(method: str, segmenter: Segmenter) -> Segmenter:
        profile = segmenter.profile
        meter = ScoreMeter(parts.recorder, recorders[profile], method, profile)
        return parts.observers.segmenter(MeasuredSegmenter(segmenter, noted("score", meter.scored, profile.name)))

    def desk(method: str) -> SegmentationDesk:
        return SegmentationDesk(
            {key: measured(method, each) for key, each in parts.served.items()},
            features=features(method),
            last_known=last_known,
            predictions=predictions,
            meter=meter,
            clock=parts.clock,
        )

    single = SingleDesk(
        desk("GetSegments"),
        features=features("GetSegments"),
        last_known=last_known,
        predictions=predictions,
        meter=meter,
        clock=parts.clock,
        quick=_quick(parts, assignments),
    )
    return SegmentationMethods(
        single=single,
        batch=desk("BatchGetSegments"),
        routing=parts.routing,
        live=parts.live,
        clock=parts.clock,
        single_meter=ReplyMeter(parts.recorder, "GetSegments"),
        batch_meter=ReplyMeter(parts.recorder, "BatchGetSegments"),
    )


def _quick(parts: Parts, meter: AssignmentMeter) -> SingleAnswers:
    """What the kernel answers, and counts, in one step; a call that is traced takes steps that can be seen."""
    stages = (
        parts.recorder.histogram("strata_stage_seconds", "GetSegments", stage).place()
        for stage in ("features", "score", "reply")
    )
    answers = KernelAnswers(
        parts.served,
        {key: LivePieces(each.profile) for key, each in parts.served.items()},
        TAGS,
        stages=StagePlaces(*stages),
        versions={key: meter.places(key) for key in parts.served},
        meter=parts.observers.meter(Unmetered()),
    )
    return parts.observers.quick(answers)


def _looking(parts: Parts) -> Looking:
    """Looks at watched users as callers are answered; its answers are no predictions and count as no calls."""
    desk = SegmentationDesk(
        parts.served,
        features=parts.features,
        last_known=LastKnown(parts.served, 1),
        predictions=Unlogged(),
        meter=Unmetered(),
        clock=parts.clock,
    )
    return Looking(desk, parts.routing)
