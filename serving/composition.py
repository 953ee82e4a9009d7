"""Segmenters, features, desks and methods put together; every decorator is stacked here, in sight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from serving.adapters.measured_features import MeasuredFeatures
from serving.adapters.measured_segmenter import MeasuredSegmenter
from serving.adapters.silent import Unlogged, Unmetered
from serving.domain.admission import AdmissionLimits
from serving.domain.desk import SegmentationDesk
from serving.domain.last_known import LastKnown
from serving.domain.single_desk import SingleDesk
from serving.door import GuardedDoor
from serving.metrics.families import METHODS
from serving.metrics.meters import AssignmentMeter, MethodMeter, ReplyMeter
from serving.metrics.recorder import Recorder
from serving.ports import FeatureSource, PredictionLog, Segmenter
from serving.server import GatewayServer, Limits
from serving.servicers.forwarded_events import ForwardedEvents
from serving.servicers.segmentation import SegmentationMethods
from serving.watching import Watching
from strata.changes import ChangeSubscriber
from strata.clock import Clock


@dataclass(frozen=True)
class Parts:
    """What a gateway is made of."""

    segmenters: Mapping[str, Segmenter]
    features: FeatureSource
    predictions: PredictionLog
    last_known_users: int
    clock: Clock
    recorder: Recorder
    limits: Limits
    events: ForwardedEvents | None = None
    changes: ChangeSubscriber | None = None
    """Who tells of users whose rows are new; None where nothing is watched."""
    hop_us: int = 3_600_000_000
    """The shortest hop of any table."""
    tracked: frozenset[str] = frozenset()
    """Segmenters all of whose users may be watched."""
    admission: AdmissionLimits | None = None
    """What may be begun at once; None: everything."""


def compose_server(parts: Parts) -> GatewayServer:
    """The server of one worker."""
    last_known = LastKnown(list(parts.segmenters), parts.last_known_users)
    versions = {name: segmenter.profile.version for name, segmenter in parts.segmenters.items()}
    meter = AssignmentMeter(parts.recorder, versions)

    def features(method: str) -> MeasuredFeatures:
        seconds = parts.recorder.histogram("strata_stage_seconds", method, "features")
        return MeasuredFeatures(parts.features, seconds.observe)

    def desk(method: str) -> SegmentationDesk:
        score = parts.recorder.histogram("strata_stage_seconds", method, "score")
        return SegmentationDesk(
            {name: MeasuredSegmenter(each, score.observe) for name, each in parts.segmenters.items()},
            features=features(method),
            last_known=last_known,
            predictions=parts.predictions,
            meter=meter,
            clock=parts.clock,
        )

    single = SingleDesk(
        desk("GetSegments"),
        features=features("GetSegments"),
        last_known=last_known,
        predictions=parts.predictions,
        meter=meter,
        clock=parts.clock,
    )
    methods = SegmentationMethods(
        single=single,
        batch=desk("BatchGetSegments"),
        profiles={name: segmenter.profile for name, segmenter in parts.segmenters.items()},
        clock=parts.clock,
        single_meter=ReplyMeter(parts.recorder, "GetSegments"),
        batch_meter=ReplyMeter(parts.recorder, "BatchGetSegments"),
    )
    watching = Watching(
        _watching_desk(parts, versions),
        {name: segmenter.profile for name, segmenter in parts.segmenters.items()},
        changes=parts.changes,
        clock=parts.clock,
        recorder=parts.recorder,
        hop_us=parts.hop_us,
        tracked=parts.tracked,
    )
    meters = {name: MethodMeter(parts.recorder, name) for name in METHODS}
    door = GuardedDoor(parts.admission, parts.recorder, meters) if parts.admission is not None else None
    return GatewayServer(methods, meters, parts.limits, watching=watching, events=parts.events, door=door)


def _watching_desk(parts: Parts, versions: Mapping[str, str]) -> SegmentationDesk:
    """Looks at watched users as callers are answered; its answers are no predictions and count as no calls."""
    return SegmentationDesk(
        parts.segmenters,
        features=parts.features,
        last_known=LastKnown(list(versions), 1),
        predictions=Unlogged(),
        meter=Unmetered(),
        clock=parts.clock,
    )
