"""What was measured, for a program: the keys are in docs/operations.md."""

from __future__ import annotations

from typing import Any

from strata.client import ExplainedCall
from strata.command.explain.asking import Asked, Queue
from strata.command.explain.breakdown import breakdown


def document(target: str, user: str, asked: Asked, queue: Queue | None) -> dict[str, Any]:
    """Times in milliseconds."""
    return {
        "target": target,
        "user_id": user,
        "calls": len(asked.calls),
        "interrupted": asked.interrupted,
        "total_ms": [_ms(call.seconds) for call in asked.calls],
        "median": _call(asked.median),
        "slowest": _call(asked.slowest),
        "queue": None if queue is None else {"p50_ms": _ms(queue.p50_s), "p99_ms": _ms(queue.p99_s)},
    }


def _call(call: ExplainedCall) -> dict[str, Any]:
    return {
        "total_ms": _ms(call.seconds),
        "handler_ms": _ms(call.handler.seconds),
        "one_clock": call.outside is not None,
        "rows": [
            {"step": step, "segmenter": segmenter, "ms": _ms(row.seconds), "beside_ms": _ms(row.beside_s)}
            for row in breakdown(call)
            for step, segmenter in (row.key,)
        ],
        "sources": {each.segmenter: each.source for each in call.segments.assignments},
    }


def _ms(seconds: float) -> float:
    """To the nanosecond: rows are added up."""
    return round(seconds * 1e3, 6)
