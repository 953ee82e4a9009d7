"""A user's key."""

from __future__ import annotations

from typing import Final

from strata.errors import InputInvalid

MAX_USER_BYTES: Final = 256


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
