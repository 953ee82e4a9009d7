"""A Redis's errors in the platform's words."""

from __future__ import annotations

from typing import Final

from strata.errors import StoreDamaged, StoreUnavailable
from strata.state.redis_address import RedisAddress

REBUILD: Final = "rebuild it with: strata features materialize"
_ADVICE: Final = {
    "LOADING": "it is loading its file; wait",
    "OOM": "it is full; raise maxmemory, and keep maxmemory-policy noeviction",
    "MISCONF": "it cannot write its file; look at its disk",
    "READONLY": "it is a replica; name the primary",
    "NOAUTH": "it wants a password; put it into the address",
    "WRONGPASS": "the password in the address is wrong",
    "NOPERM": "the user in the address may not do this",
    "MOVED": "it is part of a cluster, which this adapter does not follow; name a Redis that stands alone",
    "CROSSSLOT": "it is part of a cluster, which this adapter does not follow; name a Redis that stands alone",
    "BUSY": "a script keeps it busy; wait",
    "MASTERDOWN": "it is a replica without its primary; name the primary",
}


def refused(address: RedisAddress, error: Exception) -> StoreUnavailable:
    """What an error reply means. The reply's own text may hold keys, so only its first word is shown."""
    word = str(error).split(" ", 1)[0]
    if word == "WRONGTYPE":
        return StoreDamaged(f"the online state {address} is damaged: a key is not of its kind. Empty it and {REBUILD}")
    return StoreUnavailable(f"the online state {address} refused: {word} ({_ADVICE.get(word, 'see its log')})")


def unreachable(address: RedisAddress, error: Exception) -> StoreUnavailable:
    """A connection that could not be made, or broke."""
    reason = str(error) or type(error).__name__
    return StoreUnavailable(f"the online state {address} cannot be reached: {reason}. Is its Redis running?")


def silent(address: RedisAddress) -> StoreUnavailable:
    """No answer in time."""
    return StoreUnavailable(f"the online state {address} did not answer in {address.timeout_s:g} s")


def absent(address: RedisAddress) -> StoreUnavailable:
    """Nothing of ours is there, and nothing was known to be."""
    return StoreUnavailable(f"there is no online state in {address}; build it with: strata features materialize")


def lost(address: RedisAddress) -> StoreDamaged:
    """What was there has gone: nobody's row may be called unknown now."""
    return StoreDamaged(
        f"the online state {address} has lost its tables: it was emptied, or restarted without its append-only file. "
        f"Stop the stream worker and {REBUILD}"
    )
