"""How many calls may fail while something is broken. The ladder answers; a call that fails is the exception."""

from __future__ import annotations

from collections import Counter
from typing import Final

SHARE: Final = 0.01
"""Of the calls, whatever the code: a ladder that does not fit the deadline shows as DEADLINE_EXCEEDED, and as nothing
else. None of 113,000 calls ended so in two trials (2026-11-28); the rest is for pauses of a shared machine."""
ONE_EACH: Final = 6
"""So few are allowed in a short scene too: one pause meets the call of every caller once."""


def too_many_errors(seen: Counter[str], unavailable_share: float) -> Counter[str]:
    """Sentences about what is past it, by the calls that failed so.

    `unavailable_share`: of the calls may end UNAVAILABLE, where a fault takes servers away. All other errors together
    keep to `SHARE`.

    >>> too_many_errors(Counter({"calls": 1_000, "live": 1_980, "error DEADLINE_EXCEEDED": 10}), 0.0)
    Counter()
    >>> too_many_errors(Counter({"calls": 1_000, "error DEADLINE_EXCEEDED": 11, "error UNAVAILABLE": 989}), 1.0)
    Counter({'11 of 1,000 calls ended with DEADLINE_EXCEEDED, 1% may': 11})
    """
    errors = Counter({name.removeprefix("error "): count for name, count in seen.items() if name.startswith("error ")})
    apart = Counter({"UNAVAILABLE": errors.pop("UNAVAILABLE", 0)}) if unavailable_share else Counter[str]()
    found = ((apart, unavailable_share), (errors, SHARE))
    return Counter({_told(codes, seen["calls"], share): codes.total() for codes, share in found
                    if codes.total() > max(share * seen["calls"], ONE_EACH)})  # fmt: skip


def _told(codes: Counter[str], calls: int, share: float) -> str:
    return f"{codes.total():,} of {calls:,} calls ended with {', '.join(sorted(codes))}, {share:.0%} may"
