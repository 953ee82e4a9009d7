"""What a process that traces is given."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import Any, Protocol

Metadata = Iterable[tuple[str, Any]]


class Step(Protocol):
    """A part of a call's work, timed from when it was made; steps made before it ends are parts of it.

    As a context it ends with the context, failed when an exception leaves it.
    """

    def note(self, key: str, value: str | int) -> None:
        """Something worth knowing about it."""
        ...

    def end(self, failure: str = "") -> None:
        """It is over; `failure` says what went wrong."""
        ...

    def __enter__(self) -> Step: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Tracing(Protocol):
    """Makes steps of the calls that are traced, and nothing of all others."""

    def call(self, service: str, method: str, metadata: Metadata) -> Step | None:
        """The work on a call that came in with this metadata; None when it is not traced."""
        ...

    def step(self, name: str, **notes: str | int) -> Step | None:
        """A part of the traced call at hand; None when there is none."""
        ...

    def is_traced(self) -> bool:
        """Whether the call at hand is."""
        ...

    def headers(self) -> tuple[tuple[str, str], ...] | None:
        """Metadata under which another server goes on with the step at hand; None when there is none."""
        ...

    def close(self, wait_s: float) -> None:
        """Send what is left, for at most about so long."""
        ...
