"""What a caller may ask: user ids and segmenter names that can be used."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from serving.domain.failures import RequestInvalid, Violation
from strata.errors import SegmenterNotFound

MAX_USER_BYTES: Final = 256
MAX_USERS: Final = 1_000
MAX_SEGMENTERS: Final = 32
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def user_fault(user: str) -> str:
    """Why a user id cannot be used, or nothing.

    >>> user_fault("1"), user_fault("")
    ('', 'is empty; name a user')
    """
    if 0 < len(user) <= MAX_USER_BYTES and user.isascii() and user.isprintable():
        return ""
    if not user:
        return "is empty; name a user"
    if len(user.encode()) > MAX_USER_BYTES:
        return f"is longer than {MAX_USER_BYTES} bytes"
    return "holds control characters" if _CONTROL.search(user) else ""


def check_user(user: str) -> None:
    """Raise RequestInvalid unless the user id of a single question can be used."""
    if fault := user_fault(user):
        raise RequestInvalid([Violation("user_id", fault)])


def valid_positions(users: Sequence[str]) -> list[int] | None:
    """Positions of the user ids that can be used; None when all can. Raises RequestInvalid for the batch itself."""
    if not 1 <= len(users) <= MAX_USERS:
        raise RequestInvalid(
            [Violation("user_ids", f"holds {len(users)} users; 1 to {MAX_USERS} can be asked at once")]
        )
    valid = [position for position, user in enumerate(users) if not user_fault(user)]
    return None if len(valid) == len(users) else valid


def choose_segmenters(named: Sequence[str], served: Mapping[str, object]) -> tuple[str, ...]:
    """The segmenters meant: those named, in that order, or every one served.

    Raises RequestInvalid for repeated or too many names, SegmenterNotFound for one that is not served.
    """
    if not named:
        return tuple(served)
    if len(named) > MAX_SEGMENTERS:
        raise RequestInvalid(
            [Violation("segmenters", f"names {len(named)} segmenters; at most {MAX_SEGMENTERS} can be asked at once")]
        )
    seen: set[str] = set()
    for position, name in enumerate(named):
        if name in seen:
            raise RequestInvalid([Violation(f"segmenters[{position}]", f"names {name!r} a second time")])
        if name not in served:
            raise SegmenterNotFound(name, list(served))
        seen.add(name)
    return tuple(named)
