"""Durations as people write them."""

from __future__ import annotations

import re
from typing import Final

from strata.errors import InputInvalid

_UNITS_S: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_SHAPE: Final = re.compile(r"(\d{1,9})([smhdw])")


def parse_duration_s(text: str) -> int:
    """Seconds of `90s`, `30m`, `24h`, `7d` or `4w`; more than nothing.

    >>> parse_duration_s("24h")
    86400
    """
    found = _SHAPE.fullmatch(text.strip().lower())
    if found is None or int(found[1]) == 0:
        raise InputInvalid(f"{text!r} is not a duration; write a number and s, m, h, d or w, like 24h")
    return int(found[1]) * _UNITS_S[found[2]]
