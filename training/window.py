"""How far back a training looks, as people write it."""

from __future__ import annotations

import re
from typing import Final

from strata.clock import format_instant, parse_instant
from strata.durations import parse_duration_s
from strata.errors import InputInvalid, SettingsInvalid

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


def parse_since(text: str, as_of_us: int) -> int:
    """Microseconds of `180d` or `26w` before the clock, of a date (its midnight, UTC) or of an ISO 8601 instant.

    >>> parse_since("2h", 7_200_000_000), parse_since("1970-01-02", 86_400_000_001)
    (0, 86400000000)
    """
    since_us = _read(text.strip(), as_of_us)
    if since_us >= as_of_us:
        raise InputInvalid(f"--since {text} is not before {format_instant(as_of_us)}, the clock of this training")
    return since_us


def _read(text: str, as_of_us: int) -> int:
    try:
        return parse_instant(f"{text}T00:00:00Z" if _DATE.fullmatch(text) else text)
    except SettingsInvalid as fault:
        if text[:4].isdigit() and text[4:5] == "-":
            raise InputInvalid(f"--since: {fault}") from None
    try:
        return as_of_us - parse_duration_s(text) * 1_000_000
    except InputInvalid as fault:
        raise InputInvalid(f"--since: {fault}, or a date like 2017-06-01") from None
