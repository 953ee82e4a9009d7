"""Errors of a request, beside the tree in `strata.errors`."""

from __future__ import annotations

from dataclasses import dataclass

from strata.errors import InputInvalid, StrataError


@dataclass(frozen=True)
class Violation:
    """One field of a request that cannot be used."""

    field: str
    """As a path, e.g. `user_ids[3]`."""
    fault: str


class RequestInvalid(InputInvalid):
    """A request that cannot be answered; every violation is named."""

    def __init__(self, violations: list[Violation]) -> None:
        self.violations = violations
        super().__init__("; ".join(f"{v.field}: {v.fault}" for v in violations))


class EventsUnavailable(StrataError):
    """The stream process, which takes events, does not answer."""

    def __init__(self, address: str) -> None:
        super().__init__(
            f"events are not taken now: nothing answers at {address}. Repeat with backoff; the ids make that harmless "
            "(an operator: strata stream run)"
        )


class NotTracked(StrataError):
    """Everybody is to be watched by a segmenter that is not set to be."""

    def __init__(self, segmenter: str) -> None:
        self.segmenter = segmenter
        super().__init__(
            f"all users of {segmenter} cannot be watched: its settings do not say track: true. Name the users, or ask "
            "the operator"
        )


class WorkerFull(StrataError):
    """A worker watches as much as it may."""

    retry_after_s = 1.0

    def __init__(self, watchers: int) -> None:
        super().__init__(
            f"this worker has {watchers} watches and can take no such one more; call again: on a new connection "
            "another worker may take it"
        )


class WatchBehind(StrataError):
    """A client that watches everybody read so slowly that too many changes were pending."""

    def __init__(self, changes: int) -> None:
        super().__init__(
            f"more than {changes} changes were waiting to be read, and are dropped; watch again, and read faster, or "
            "name fewer users"
        )


class WorkerGoing(StrataError):
    """This worker is being stopped."""

    def __init__(self) -> None:
        super().__init__("this worker is going; call again (a watch: with the last resume_token)")


class ReleaseRefused(StrataError):
    """A change of the release was logged, and a worker cannot serve it."""

    def __init__(self, serial: int, refusal: str) -> None:
        self.serial = serial
        super().__init__(
            f"release {serial} is logged, and a worker cannot serve it: {refusal}. The release before still answers; "
            "mend the version, or roll back"
        )


class ReleasePending(StrataError):
    """A change of the release was logged, and not every worker serves it yet."""

    def __init__(self, serial: int, waiting: int) -> None:
        self.serial = serial
        super().__init__(
            f"release {serial} is logged; {waiting} workers have not taken it up yet. They go on trying: look at "
            "GetRelease (strata release show)"
        )


class Overloaded(StrataError):
    """A call is refused before it begins: with it the worker would answer fewer calls in time, not more."""

    def __init__(self, cause: str, retry_after_s: float) -> None:
        """`cause`: a word of `serving.domain.admission.Cause`. `retry_after_s` differs from refusal to refusal."""
        self.cause, self.retry_after_s = cause, retry_after_s
        super().__init__(
            f"this worker is overloaded ({cause}) and did not begin the call; call again after the delay of RetryInfo, "
            "or go on without the answer"
        )


class DeadlineExpired(StrataError):
    """The caller's deadline had passed before work began."""

    def __init__(self) -> None:
        super().__init__("the deadline had passed before work began; call with more time")
