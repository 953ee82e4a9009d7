"""One call's time in rows that add up to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from strata.call_timing import Step
from strata.client import ExplainedCall

BEFORE, AFTER, OUTSIDE, REST = "before", "after", "outside", "rest"
NOTEWORTHY_S: Final = 1e-6
"""Less than this side by side is rounding."""

Key = tuple[str, str]
"""What a row is of: `before`, a step's name, `rest`, `after` or `outside`; and the segmenter, where there is one."""


@dataclass(frozen=True)
class Row:
    """A part of the time."""

    key: Key
    seconds: float
    """What it adds to the call's time."""
    beside_s: float = 0.0
    """What of it passed while a longer step did, and is counted there."""


def breakdown(call: ExplainedCall) -> list[Row]:
    """In the order of the call; steps of one key are one row. What is between the steps is `rest`."""
    steps = _rows(call)
    rest = Row((REST, ""), call.handler.seconds - sum(row.seconds for row in steps))
    if call.outside is None:
        return [Row((OUTSIDE, ""), call.seconds - call.handler.seconds), *steps, rest]
    before_s, after_s = call.outside
    return [Row((BEFORE, ""), before_s), *steps, rest, Row((AFTER, ""), after_s)]


def keys_of(breakdowns: Iterable[Iterable[Row]]) -> list[Key]:
    """The rows of several calls, each once, in the order of a call."""
    keys = dict.fromkeys(row.key for rows in breakdowns for row in rows)
    return sorted(keys, key=_place)


def _place(key: Key) -> int:
    """Of a row in a table; those that only a newer gateway knows stand with the scores."""
    order = {BEFORE: 0, OUTSIDE: 0, "features": 1, "reply": 3, REST: 4, AFTER: 5}
    return order.get(key[0], 2)


def _rows(call: ExplainedCall) -> list[Row]:
    rows: dict[Key, Row] = {(step.name, step.segmenter): Row((step.name, step.segmenter), 0.0)
                            for step in sorted(call.handler.steps, key=lambda step: step.at_s)}  # fmt: skip
    for step, own_s in own_seconds(call.handler.steps, call.handler.seconds):
        row = rows[step.name, step.segmenter]
        beside_s = row.beside_s + step.seconds - own_s
        rows[row.key] = Row(row.key, row.seconds + own_s, beside_s if beside_s > NOTEWORTHY_S else 0.0)
    return list(rows.values())


def own_seconds(steps: Iterable[Step], handler_s: float) -> Iterator[tuple[Step, float]]:
    """What each step adds: the longest first, each without what those before it have covered.

    So steps side by side add up to the time that passed, and none to more than the handler's.

    >>> remote, embedded = Step("score", "far", 0.1, 0.5), Step("score", "near", 0.5, 0.2)
    >>> [(step.segmenter, round(own_s, 6)) for step, own_s in own_seconds([embedded, remote], 1.0)]
    [('far', 0.5), ('near', 0.1)]
    """
    covered: list[tuple[float, float]] = []
    for step in sorted(steps, key=lambda step: -step.seconds):
        free = [(max(step.at_s, 0.0), min(step.at_s + step.seconds, handler_s))]
        for begin, end in covered:
            free = [piece for one in free for piece in ((one[0], min(one[1], begin)), (max(one[0], end), one[1]))]
            free = [piece for piece in free if piece[0] < piece[1]]
        free = [piece for piece in free if piece[0] < piece[1]]
        covered += free
        yield step, sum(end - begin for begin, end in free)
