"""How many fields a message has, counted on its bytes: before reading it takes a hundred times their size."""

from __future__ import annotations

from typing import Final

_FIXED: Final = {1: 8, 5: 4}
_VARINT, _DELIMITED = 0, 2


def exceeds(raw: bytes, fields: int) -> bool:
    """Whether a message's bytes hold more than so many fields at its top level, or are no message.

    >>> exceeds(bytes([0x0A, 0, 0x0A, 1, 7]), 2), exceeds(bytes([0x0A, 0, 0x0A, 0]), 1), exceeds(b"\\xff", 9)
    (False, True, True)
    """
    at, found = 0, 0
    while at < len(raw):
        found += 1
        tag, at = _varint(raw, at)
        wire = tag & 7
        if wire == _DELIMITED:
            size, at = _varint(raw, at)
            at += size
        elif wire == _VARINT:
            _, at = _varint(raw, at)
        elif wire in _FIXED:
            at += _FIXED[wire]
        else:
            return True
        if found > fields:
            return True
    return at != len(raw)


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    """The number at a position and the position after it; one that does not end ends past the bytes."""
    number = shift = 0
    while at < len(raw) and shift < 70:
        byte = raw[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7
    return 0, len(raw) + 1
