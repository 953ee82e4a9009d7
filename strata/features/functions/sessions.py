"""sessions, session_duration and session_depth: how many visits, how long in seconds, and how many events each."""

from __future__ import annotations

from typing import Final

from strata.features.definition import SECOND_US, WindowDefinition
from strata.features.functions.partials import Formula, Lowering, Partial, PartialKind


def _number(definition: WindowDefinition) -> Partial:
    return Partial(PartialKind.SESSIONS, definition.of, definition.where)


def _sessions(definition: WindowDefinition) -> Formula:
    return Formula(_number(definition), scale=definition.scale)


def _duration(definition: WindowDefinition) -> Formula:
    number, time = _number(definition), Partial(PartialKind.SESSION_TIME, definition.of, definition.where)
    return Formula(time, denominator=number, presence=number, scale=SECOND_US * definition.scale)


def _depth(definition: WindowDefinition) -> Formula:
    number, events = _number(definition), Partial(PartialKind.SESSION_EVENTS, definition.of, definition.where)
    return Formula(events, denominator=number, presence=number, scale=definition.scale)


LOWERINGS: Final[dict[str, Lowering]] = {
    "sessions": _sessions,
    "session_duration": _duration,
    "session_depth": _depth,
}
