"""W3C Trace Context: the header by which a trace goes from process to process (https://www.w3.org/TR/trace-context)."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

TRACEPARENT: Final = "traceparent"
_FORM: Final = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})"
)
_SAMPLED: Final = 1


class Parent(NamedTuple):
    """Who called: its trace, its span, and whether it is traced."""

    trace_id: int
    span_id: int
    sampled: bool


def parse_traceparent(text: object) -> Parent | None:
    """The parent a header names; None for what is not a header of this form, which is then as if not sent.

    >>> parse_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").sampled
    True
    >>> parse_traceparent("00-00000000000000000000000000000000-b7ad6b7169203331-01") is None
    True
    """
    if not isinstance(text, str) or (found := _FORM.match(text)) is None or found["version"] == "ff":
        return None
    rest = text[found.end() :]
    if rest and (found["version"] == "00" or not rest.startswith("-")):  # later versions may have more to say
        return None
    parent = Parent(int(found["trace"], 16), int(found["span"], 16), bool(int(found["flags"], 16) & _SAMPLED))
    return parent if parent.trace_id and parent.span_id else None


def format_traceparent(trace_id: int, span_id: int) -> str:
    """The header of a step that is traced.

    >>> format_traceparent(10, 11)
    '00-0000000000000000000000000000000a-000000000000000b-01'
    """
    return f"00-{trace_id:032x}-{span_id:016x}-01"
