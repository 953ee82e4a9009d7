"""From medians to which runtime scores how many rows."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Final

from strata.runtime.choice.document import FromRows, Runtime

WORTH: Final = 0.9
"""Another runtime than the usual one is taken where it needs at most this share of its time: less is noise, and the
usual one has the gateway's quickest path for single users."""


def choose(measured: Mapping[Runtime, Mapping[int, float]], usual: Runtime) -> tuple[FromRows, ...]:
    """Per measured size the quickest; borders lie half-way between sizes, by ratio.

    >>> choose({"kernel": {1: 5.0, 32: 20.0}, "lleaves": {1: 6.0, 32: 12.0}}, "kernel")
    (FromRows(rows=1, runtime='kernel'), FromRows(rows=6, runtime='lleaves'))
    """
    sizes = sorted(measured[usual])
    chosen: list[FromRows] = []
    for number, size in enumerate(sizes):
        quickest = min(measured, key=lambda name: measured[name][size])
        if measured[quickest][size] > WORTH * measured[usual][size]:
            quickest = usual
        if not chosen or chosen[-1].runtime != quickest:
            chosen.append(FromRows(1 if number == 0 else round(sqrt(sizes[number - 1] * size)), quickest))
    return tuple(chosen)
