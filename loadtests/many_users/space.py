"""What a simulated store will take, and whether there is room for it: asked before anything is written."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import psutil

from loadtests.many_users.names import user_name
from loadtests.many_users.population import Table
from strata.errors import InputInvalid

PAGE_BYTES: Final = 4_096
_IN_LEAF: Final = 2_038
"""LMDB keeps a node up to this size in its leaf; a larger row goes to pages of its own."""
_NODE_BYTES: Final = 8 + 2
"""Header and the leaf's pointer to it."""
_LEAF_FILL: Final = 0.9
_REDIS_KEY_BYTES: Final = 150
"""Key, dictionary entry and object of a row, measured on Redis 7 with this key layout (2026-11): 120 to 150."""
_REDIS_SLACK: Final = 1.2
"""jemalloc's size classes are up to a quarter apart."""
RESERVE_BYTES: Final = 1 << 30
"""Left to others."""


def lmdb_bytes(tables: Sequence[Table], count: int) -> int:
    """About what `count` users take on disk."""
    return round(count * sum(_mean([_on_disk(row) for row in table.rows]) for table in tables))


def redis_bytes(tables: Sequence[Table], count: int) -> int:
    """About what `count` users take in Redis's memory."""
    return round(count * sum(_mean([_in_redis(row) for row in table.rows]) for table in tables))


def require_disk(needed: int, folder: Path) -> None:
    """Raise InputInvalid unless so much can be written there."""
    free = shutil.disk_usage(folder).free
    if needed + RESERVE_BYTES > free:
        raise InputInvalid(
            f"the simulated stores take about {_gb(needed)} and {folder} has {_gb(free)} free: {_gb(RESERVE_BYTES)} "
            f"should stay, so {_gb(needed + RESERVE_BYTES - free)} are missing. Choose smaller --sizes, or --folder "
            "on another disk"
        )


def require_memory(needed: int) -> None:
    """Raise InputInvalid unless so much memory is to be had."""
    free = psutil.virtual_memory().available
    if needed + RESERVE_BYTES > free:
        raise InputInvalid(
            f"the simulated users take about {_gb(needed)} in Redis and {_gb(free)} of memory are available: "
            f"{_gb(RESERVE_BYTES)} should stay, so {_gb(needed + RESERVE_BYTES - free)} are missing. Choose smaller "
            "--sizes, or --no-redis"
        )


def _on_disk(row: bytes | None) -> float:
    if row is None:
        return 0.0
    node = _NODE_BYTES + len(user_name(0))
    if node + len(row) <= _IN_LEAF:
        return (node + len(row)) / _LEAF_FILL
    # A page of its own begins with a header of 16 bytes, and the leaf keeps its number in 8.
    return -(-(16 + len(row)) // PAGE_BYTES) * PAGE_BYTES + (node + 8) / _LEAF_FILL


def _in_redis(row: bytes | None) -> float:
    return 0.0 if row is None else _REDIS_KEY_BYTES + _REDIS_SLACK * len(row)


def _mean(sizes: Sequence[float]) -> float:
    return sum(sizes) / len(sizes)


def _gb(count: float) -> str:
    return f"{count / 1e9:,.1f} GB"
