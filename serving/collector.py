"""Python's collector of cycles, set for a process that answers calls."""

from __future__ import annotations

import gc
from typing import Final

YOUNG: Final = 2_000
"""New objects that may be collected, beyond those that went, before the collector looks among them. grpc.aio leaves a
cycle of five with every call (its search for the method's handler, grpcio 1.85): a look every 400 calls, of 0.3 ms.

The work is the same for any number, so what counts is how much of it is done at once, and what lies about until then:
50,000 held up whoever was there for 7 to 20 ms every 10,000 calls, and took 5 MB more (2026-11, two busy cores)."""
MIDDLE: Final = 20
OLD: Final = 50
"""Looks at the young before one at the next older: what is left of a call after one look is next to nothing."""


def settle_collector() -> None:
    """At the end of a start. What it made lives as long as the process: a full collection of it costs tens of
    milliseconds."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
