"""Names of any length in the little room a figure has."""

from __future__ import annotations

import re


def wrapped(name: str, width: int = 24, lines: int = 2) -> str:
    """A name in at most so many lines of so many characters, broken after spaces, `_`, `:` and `/`.

    What does not fit loses its middle: both ends of a name tell it apart.

    >>> wrapped("behaviour:coupon_redemption_recency_365d", 22)
    'behaviour:coupon_\\nredemption_recency_365d'
    """
    rows = [""]
    for piece in re.findall(r"[^\s_:/]+[\s_:/]*|[\s_:/]+", name):
        if rows[-1] and len(rows[-1] + piece.rstrip()) > width:
            rows.append("")
        rows[-1] += piece
    kept = rows if len(rows) <= lines else [*rows[: lines - 1], "".join(rows[lines - 1 :])]
    return "\n".join(shortened(row.strip(), width + 4) for row in kept)


def shortened(name: str, width: int) -> str:
    """At most so many characters.

    >>> shortened("behaviour:coupon_recency_365d", 15)
    'behavio\u2026cy_365d'
    """
    if len(name) <= width:
        return name
    half = (width - 1) // 2
    return f"{name[:half]}\u2026{name[-half:]}"
