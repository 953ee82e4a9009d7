"""The same question many times, and which two calls tell the most."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from strata.client import Client, ExplainedCall
from strata.command.top.pages import Page, read_page
from strata.command.top.span import Span

QUEUE = "strata_queue_seconds"


@dataclass(frozen=True)
class Asked:
    """What came of it."""

    calls: Sequence[ExplainedCall]
    """At least one, in the order asked."""
    interrupted: bool

    @property
    def by_length(self) -> list[ExplainedCall]:
        """The shortest first."""
        return sorted(self.calls, key=lambda call: call.seconds)

    @property
    def median(self) -> ExplainedCall:
        """A call that was: of an even number the shorter of the middle two."""
        return self.by_length[(len(self.calls) - 1) // 2]

    @property
    def slowest(self) -> ExplainedCall:
        return self.by_length[-1]


def ask(client: Client, user: str, segmenters: Sequence[str], calls: int, done: Callable[[], object]) -> Asked:
    """One call after the other; the first, which also connects, is not counted. `done` is called after each.

    Ctrl-C ends it early, with what there is; before the first answer it is KeyboardInterrupt as ever.
    """
    answered: list[ExplainedCall] = []
    try:
        client.explain_segments(user, *segmenters)
        for _ in range(calls):
            answered.append(client.explain_segments(user, *segmenters))
            done()
    except KeyboardInterrupt:
        if not answered:
            raise
    return Asked(answered, interrupted=len(answered) < calls)


@dataclass(frozen=True)
class Queue:
    """How long the gateway's own calls waited for their handler, since it started: a queue without a network."""

    p50_s: float
    p99_s: float


def read_queue(address: str) -> Queue | None:
    """From a metrics page at HOST:PORT; None where there is none, or nothing on it yet."""
    page = read_page(address)
    if page is None:
        return None
    span = Span(Page(page.at_s, {}), page)
    p50_s, p99_s = span.quantile(0.5, QUEUE), span.quantile(0.99, QUEUE)
    return None if p50_s is None or p99_s is None else Queue(p50_s, p99_s)
