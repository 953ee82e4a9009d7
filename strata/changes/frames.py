"""A notice as bytes: a length, then the table and the users, each line one. No id holds a line feed.

>>> data = pack("events@3600", ["ann", "bob"])
>>> unpack(data[4:])
Changed(table='events@3600', users=('ann', 'bob'))
>>> unpack(pack("", [])[4:]).is_gap
True
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from strata.changes.ports import Changed

LENGTH: Final = 4
MAX_FRAME: Final = 16 << 20


def pack(table: str, users: Sequence[str]) -> bytes:
    """The frame, its length first."""
    body = "\n".join((table, *users)).encode()
    return len(body).to_bytes(LENGTH, "little") + body


def unpack(body: bytes) -> Changed:
    """The notice of a frame without its length."""
    table, *users = body.decode().split("\n")
    return Changed(table, tuple(users))
