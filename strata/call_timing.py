"""Where a server's time for one call went, as a trailer: written by the gateway, read by the client.

A caller that sends the metadata key `x-strata-explain: 1` is sent the trailer `x-strata-timing`, in the syntax of the
Server-Timing header (https://www.w3.org/TR/server-timing): milliseconds in `dur`, names in `desc`. Two parameters are
ours, which that syntax allows: `at`, the milliseconds from the handler's begin to the step's, and `began_ns`, the
handler's begin by the server's monotonic clock. A caller on the same machine has the same clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from strata.errors import StrataError

EXPLAIN_KEY: Final = "x-strata-explain"
EXPLAIN: Final = "1"
TIMING_KEY: Final = "x-strata-timing"
MOST_TRAILER: Final = 4_096
"""Characters. gRPC refuses metadata past 8 KiB, and the request id and its names need room beside this."""

_TOKEN: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_VALUE: Final = rf'{_TOKEN}|"(?:[^"\\]|\\.)*"'
_PARAMETER: Final = re.compile(rf"\s*;\s*({_TOKEN})\s*=\s*({_VALUE})")
_METRIC: Final = re.compile(rf"\s*({_TOKEN})((?:\s*;\s*{_TOKEN}\s*=\s*(?:{_VALUE}))*)\s*(?:,|$)")
_NUMBER: Final = re.compile(r"\d{1,18}(\.\d{1,9})?")


class TimingUnreadable(StrataError):
    """A trailer that is none."""


@dataclass(frozen=True)
class Step:
    """A part of the handler's time. Steps side by side overlap."""

    name: str
    """A stage of the metrics: `features`, `score`, `reply`."""
    segmenter: str
    """Which one, for a score; empty for what was done for all together."""
    at_s: float
    """From the handler's begin."""
    seconds: float


@dataclass(frozen=True)
class CallTiming:
    """The handler's time."""

    began_s: float
    """By the server's monotonic clock (`time.perf_counter` there)."""
    seconds: float
    steps: tuple[Step, ...]


def write_timing(timing: CallTiming) -> str:
    """The trailer's value. Steps for which there is no room are left out.

    >>> write_timing(CallTiming(7.5, 0.0004, (Step("score", "value_tiers", 0.0001, 0.00021),)))
    'handler;dur=0.400000;began_ns=7500000000, score;desc="value_tiers";dur=0.210000;at=0.100000'
    """
    written = f"handler;dur={_ms(timing.seconds)};began_ns={round(timing.began_s * 1e9)}"
    for step in timing.steps:
        desc = f";desc={_quoted(step.segmenter)}" if step.segmenter else ""
        one = f", {step.name}{desc};dur={_ms(step.seconds)};at={_ms(step.at_s)}"
        if len(written) + len(one) > MOST_TRAILER:
            break
        written += one
    return written


def read_timing(text: str) -> CallTiming:
    """What `write_timing` wrote; entries that others added are passed over. Raises TimingUnreadable.

    >>> read_timing('handler;dur=0.4;began_ns=7500000000, score;dur=0.25;at=0.1, cache;desc="a, b"').steps
    (Step(name='score', segmenter='', at_s=0.0001, seconds=0.00025),)
    """
    handler, steps = None, []
    for name, parameters in _metrics(text):
        if name == "handler":
            handler = parameters
        elif "at" in parameters:
            at_s, seconds = _number(text, parameters, "at") / 1e3, _number(text, parameters, "dur") / 1e3
            steps.append(Step(name, parameters.get("desc", ""), at_s, seconds))
    if handler is None:
        raise _unreadable(text)
    return CallTiming(_number(text, handler, "began_ns") / 1e9, _number(text, handler, "dur") / 1e3, tuple(steps))


def _metrics(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    place = 0
    while place < len(text):
        found = _METRIC.match(text, place)
        if found is None:
            raise _unreadable(text)
        yield found[1], {key: _bare(value) for key, value in _PARAMETER.findall(found[2])}
        place = found.end()


def _number(text: str, parameters: dict[str, str], key: str) -> float:
    value = parameters.get(key, "")
    if not _NUMBER.fullmatch(value):
        raise _unreadable(text)
    return float(value)


def _ms(seconds: float) -> str:
    return f"{max(seconds, 0.0) * 1e3:.6f}"


def _quoted(text: str) -> str:
    """As a quoted string; metadata is ASCII."""
    plain = text.encode("ascii", "replace").decode()
    return '"' + re.sub(r'(["\\])', r"\\\1", plain) + '"'


def _bare(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value


def _unreadable(text: str) -> TimingUnreadable:
    shown = text if len(text) <= 60 else f"{text[:60]}..."
    return TimingUnreadable(
        f"the gateway sent timings this client cannot read ({TIMING_KEY}: {shown!r}); use the client of its version"
    )
