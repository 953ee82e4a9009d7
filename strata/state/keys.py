"""A user's key and a table's name."""

from __future__ import annotations

from typing import Final

from strata.errors import InputInvalid, StoreUnavailable

MAX_USER_BYTES: Final = 256
MAX_TABLE_BYTES: Final = 200
"""LMDB's keys have at most 511 bytes; a table's name is part of one."""


def key_of(user: str) -> bytes:
    """The UTF-8 of a user id. Raises InputInvalid outside 1 to 256 bytes."""
    try:
        key = user.encode()
    except UnicodeEncodeError:
        raise InputInvalid(f"user id {user!r} is not valid Unicode") from None
    if not 1 <= len(key) <= MAX_USER_BYTES:
        raise InputInvalid(f"a user id has 1 to {MAX_USER_BYTES} bytes of UTF-8; {user[:32]!r} has {len(key)}")
    return key


def is_key(user: str) -> bool:
    """Whether a user id can have a row."""
    try:
        key_of(user)
    except InputInvalid:
        return False
    return True


def check_table(table: str) -> str:
    """A table's name, as given. Raises StoreUnavailable when no table can be called so."""
    if not table or "/" in table or len(table.encode(errors="replace")) > MAX_TABLE_BYTES:
        raise StoreUnavailable(
            f"{table[:64]!r} cannot be a table of the online state: it is empty, has a slash or over "
            f"{MAX_TABLE_BYTES} bytes"
        )
    return table
