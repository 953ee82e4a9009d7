"""What the door counts, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from strata.v1 import event_pb2 as pb
from streaming.service.batches import JudgedBatch
from streaming.service.violations import word_of

METHODS = ("PublishEvents", "StreamEvents")
# An append with fdatasync is 1 to 10 ms; past a second something is wrong.
SECONDS = (0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class DoorMetrics:
    """One per server; every series is there from the start."""

    def __init__(self, registry: CollectorRegistry) -> None:
        outcomes = Counter("strata_door_events", "Events by outcome.", ["outcome"], registry=registry)
        self._outcomes = {
            number: outcomes.labels(name.removeprefix("EVENT_OUTCOME_").lower())
            for name, number in pb.EventOutcome.items()
            if number
        }
        refused = Counter(
            "strata_door_refused", "Events that were late or invalid, by the first fault found.", ["reason"],
            registry=registry,
        )  # fmt: skip
        self._refused = {number: refused.labels(word_of(number)) for number in pb.ViolationReason.values() if number}
        self._clamped = Counter(
            "strata_door_clamped", "Accepted events whose time was ahead of the clock and set back.", registry=registry
        )
        self._calls = Counter(
            "strata_door_calls", "Calls ended, by status code.", ["method", "code"], registry=registry
        )
        seconds = Histogram(
            "strata_door_ack_seconds", "From a batch's arrival to its acknowledgement.", ["method"],
            buckets=SECONDS, registry=registry,
        )  # fmt: skip
        self._seconds = {method: seconds.labels(method) for method in METHODS}
        self._registry = registry

    def acknowledged(self, method: str, batch: JudgedBatch, seconds: float) -> None:
        """A batch was answered."""
        for outcome, count in batch.counts().items():
            self._outcomes[outcome].inc(count)
        for _, _, violations in batch.refused:
            self._refused[violations[0].reason].inc()
        self._clamped.inc(len(batch.clamped))
        self._seconds[method].observe(seconds)

    def ended(self, method: str, code: str) -> None:
        """A call ended, with gRPC's name for how."""
        self._calls.labels(method, code).inc()

    def watch(self, held_bytes: Callable[[], int], calls: Callable[[], int], recent: Callable[[], int]) -> None:
        """Show what the door holds."""
        for name, text, read in (
            ("strata_door_bytes_in_flight", "Bytes of requests on their way into the log.", held_bytes),
            ("strata_door_calls_in_flight", "Calls being served.", calls),
            ("strata_door_recent_ids", "Ids remembered at the door.", recent),
        ):
            Gauge(name, text, registry=self._registry).set_function(read)
