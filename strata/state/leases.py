"""Leases in the catalog: who says to be alive, until when. Wall time, since all holders are on one machine."""

from __future__ import annotations

import os
import socket
from struct import Struct
from typing import Any, Final

_LEASE: Final = Struct("<dd")
"""taken at, seconds of life; the holder's name follows."""


def make_holder() -> str:
    """A name no other opened state has, and a person can trace."""
    return f"{socket.gethostname()}:{os.getpid()}:{os.urandom(4).hex()}"


def read_holder(transaction: Any, catalog: Any, name: str, now_s: float) -> str | None:
    """Who holds a lease; None when nobody does.

    One taken in the future (the clock was set back) has run out too, or it would outlive its holder.
    """
    data = transaction.get(_key(name), db=catalog)
    if data is None:
        return None
    taken_s, life_s = _LEASE.unpack_from(data)
    return data[_LEASE.size :].decode() if 0 <= now_s - taken_s < life_s else None


def take_lease(transaction: Any, catalog: Any, name: str, *, holder: str, ttl_s: float, now_s: float) -> bool:
    """Take or renew a lease unless another holds it."""
    if read_holder(transaction, catalog, name, now_s) not in (None, holder):
        return False
    transaction.put(_key(name), _LEASE.pack(now_s, ttl_s) + holder.encode(), db=catalog)
    return True


def drop_lease(transaction: Any, catalog: Any, name: str, *, holder: str, now_s: float) -> None:
    """Give one's own lease back."""
    if read_holder(transaction, catalog, name, now_s) == holder:
        transaction.delete(_key(name), db=catalog)


def _key(name: str) -> bytes:
    return b"lease/" + name.encode()
