"""The slowest call beside the median one, in a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from strata.client import ExplainedCall
from strata.command.explain.asking import Asked, Queue
from strata.command.explain.breakdown import AFTER, BEFORE, OUTSIDE, REST, Key, Row, breakdown, keys_of

_NAMES: Final = {
    BEFORE: "before the handler",
    "features": "features found and read",
    "score": "score, all in one step",
    REST: "rest of the handler",
    AFTER: "after the handler",
    OUTSIDE: "outside the handler",
}
_NOTHING: Final = Row(("", ""), 0.0)
Rows = dict[Key, Row]


def render(target: str, user: str, asked: Asked, queue: Queue | None) -> RenderableType:
    """Everything."""
    count = len(asked.calls)
    counted = f"{count:,} calls one after the other" if count > 1 else "one call"
    ended = ", interrupted" if asked.interrupted else ""
    head = Text(f"user {user} at {target}: {counted}{ended}", style="bold")
    median, slowest = (_by_key(call) for call in (asked.median, asked.slowest))
    remarks = _remarks(asked, median, slowest, queue)
    return Group(head, Text(), _table(asked, median, slowest), Text(), *(Text(line) for line in remarks))


def _by_key(call: ExplainedCall) -> Rows:
    return {row.key: row for row in breakdown(call)}


def _table(asked: Asked, median: Rows, slowest: Rows) -> Table:
    """One column where there is one call."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    alone = len(asked.calls) == 1
    for title in ("", "ms") if alone else ("", "median ms", "slowest ms", "more ms"):
        table.add_column(title, justify="right" if title else "left", no_wrap=bool(title))
    for key in keys_of((median.values(), slowest.values())):
        first, second = median.get(key), slowest.get(key)
        mark = " *" if any(row is not None and row.beside_s for row in (first, second)) else ""
        cells = (_cell(first), _cell(second), f"{_more_s(key, median, slowest) * 1e3:+z,.3f}")
        table.add_row(Text(_name(key) + mark), *cells[: 1 if alone else 3])
    total = (asked.median.seconds, asked.slowest.seconds)
    cells = (_ms(total[0]), _ms(total[1]), f"{(total[1] - total[0]) * 1e3:+z,.3f}")
    table.add_row("total", *cells[: 1 if alone else 3], style="bold")
    return table


def _remarks(asked: Asked, median: Rows, slowest: Rows, queue: Queue | None) -> Iterator[str]:
    alone = len(asked.calls) == 1
    if not alone:
        key = max(slowest, key=lambda one: _more_s(one, median, slowest))
        yield f"the slowest lost most in: {_name(key)} ({_more_s(key, median, slowest) * 1e3:+z,.3f} ms)"
    for whose, rows in (("slowest", slowest),) if alone else (("median", median), ("slowest", slowest)):
        for row in rows.values():
            if row.beside_s:
                yield f"* {whose}: {_name(row.key)} took {_ms(row.beside_s)} ms more, beside a longer step"
    if None in {asked.median.outside, asked.slowest.outside}:
        yield "the gateway has another clock: before and after its handler cannot be told apart"
    if queue is not None:
        p50, p99 = _ms(queue.p50_s), _ms(queue.p99_s)
        yield f"queue alone (calls the workers send themselves): p50 {p50}, p99 {p99} ms"
    for each in asked.slowest.segments.assignments:
        if each.degradation:
            source, why = (word.replace("_", " ") for word in (each.source, each.degradation))
            yield f"the slowest was answered with {source} by {each.segmenter}: {why}"


def _name(key: Key) -> str:
    step, segmenter = key
    return f"{step} {segmenter}" if segmenter else _NAMES.get(step, step)


def _more_s(key: Key, median: Rows, slowest: Rows) -> float:
    return slowest.get(key, _NOTHING).seconds - median.get(key, _NOTHING).seconds


def _cell(row: Row | None) -> str:
    return "-" if row is None else _ms(row.seconds)


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:,.3f}"
