"""What is counted about admission: refusals by cause, the limit, calls in flight, the queue below Python."""

from __future__ import annotations

from serving.domain.admission import Cause
from serving.metrics.recorder import Recorder


class AdmissionMeter:
    """Refusals of one method; the limit and what is in flight, of the whole worker."""

    def __init__(self, recorder: Recorder, method: str) -> None:
        self._recorder = recorder
        self._causes = {cause: recorder.position("strata_admission_refused", method, cause) for cause in Cause}
        self._limit = recorder.position("strata_admission_limit")
        self._in_flight = recorder.position("strata_admission_in_flight")

    def refused(self, cause: Cause) -> None:
        self._recorder.add(self._causes[cause])

    def changed(self, limit: int, in_flight: int) -> None:
        self._recorder.put(self._limit, limit)
        self._recorder.put(self._in_flight, in_flight)


class QueueMeter:
    """What the probe of the queue found."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._seconds = recorder.histogram("strata_queue_seconds")
        self._answered = recorder.position("strata_queue_probes", "answered")
        self._refused = recorder.position("strata_queue_probes", "refused")

    def waited(self, seconds: float) -> None:
        """A probe's handler ran after so long."""
        self._seconds.observe(seconds)
        self._recorder.add(self._answered)

    def refused(self) -> None:
        """A probe was turned away by gRPC's core: callers are, too."""
        self._recorder.add(self._refused)
