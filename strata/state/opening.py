"""Where the online state is: a folder is LMDB's, an address is Redis's."""

from __future__ import annotations

from pathlib import Path
from typing import Final, overload

from strata.state.lmdb_state import DEFAULT_MAP_BYTES, LmdbState, open_lmdb
from strata.state.ports import State

REDIS_SCHEME: Final = "redis://"


@overload
def open_state(where: Path, *, readonly: bool = False, map_bytes: int = DEFAULT_MAP_BYTES) -> LmdbState: ...
@overload
def open_state(where: str | Path, *, readonly: bool = False, map_bytes: int = DEFAULT_MAP_BYTES) -> State: ...
def open_state(where: str | Path, *, readonly: bool = False, map_bytes: int = DEFAULT_MAP_BYTES) -> State:
    """Open the online state in a folder (LMDB) or at `redis://host:port/db`. Close it when done.

    Raises StoreUnavailable and StoreDamaged, in a sentence.
    """
    if isinstance(where, str) and where.startswith(REDIS_SCHEME):
        from strata.state.redis_state import open_redis  # hiredis is wanted only by those who use it

        return open_redis(where, readonly=readonly)
    return open_lmdb(where, readonly=readonly, map_bytes=map_bytes)
