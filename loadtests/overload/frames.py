"""As much of HTTP/2 (RFC 9113) and HPACK (RFC 7541) as a caller of unary gRPC methods needs.

The caller announces a header table of size 0, so that what it reads never refers to an earlier header block.
"""

from __future__ import annotations

import re
import struct
from typing import Final

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, ACK, END_HEADERS = 0x1, 0x1, 0x4
REFUSED_STREAM: Final = 7
"""Not begun: more streams than the server allows, as it counts them. A gRPC client makes UNAVAILABLE of it."""
CANCEL: Final = 8
HEADER_TABLE_SIZE, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE = 1, 3, 4
WINDOW: Final = 65_535
"""What a receiver takes before it has said otherwise."""
MOST_WINDOW: Final = 2**31 - 1
_STATUS: Final = re.compile(rb"grpc-status[\x01\x02](\d{1,2})")

_HEAD: Final = struct.Struct(">BHBBI")

Frame = tuple[int, int, int, bytes]
"""Type, flags, stream, payload."""


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """One frame.

    >>> frame(PING, ACK, 0, bytes(8)).hex()
    '0000080601000000000000000000000000'
    """
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


def greeting() -> bytes:
    """What a caller sends first: no header table, and as much reply data as there may ever be."""
    settings = struct.pack(">HIHI", HEADER_TABLE_SIZE, 0, INITIAL_WINDOW_SIZE, MOST_WINDOW)
    window = struct.pack(">I", MOST_WINDOW - WINDOW)
    return PREFACE + frame(SETTINGS, 0, 0, settings) + frame(WINDOW_UPDATE, 0, 0, window)


def take_frames(data: bytes) -> tuple[list[Frame], bytes]:
    """The whole frames of what was read, and the rest."""
    position, size, found = 0, len(data), []
    while size - position >= 9:
        high, low, kind, flags, stream = _HEAD.unpack_from(data, position)
        end = position + 9 + (high << 16 | low)
        if end > size:
            break
        found.append((kind, flags, stream & MOST_WINDOW, data[position + 9 : end]))
        position = end
    return found, data[position:]


def header_block(path: str, authority: str, timeout: str) -> bytes:
    """The headers of a unary gRPC call, none of them remembered (literals without indexing)."""
    named = ((b"te", b"trailers"), (b"grpc-timeout", timeout.encode()))
    return b"".join(
        (
            b"\x83\x86",  # :method POST, :scheme http
            b"\x04" + _text(path.encode()),
            b"\x01" + _text(authority.encode()),
            b"\x0f\x10" + _text(b"application/grpc"),  # content-type
            *(b"\x00" + _text(name) + _text(value) for name, value in named),
        )
    )


def _text(value: bytes) -> bytes:
    if len(value) > 126:
        raise ValueError(f"a header of {len(value)} bytes is longer than a caller of ours sends")
    return bytes((len(value),)) + value


def status_in(block: bytes) -> int | None:
    """The gRPC status of a header block that has one.

    >>> status_in(b"\\x00\\x0bgrpc-status\\x0214"), status_in(b"\\x88")
    (14, None)
    """
    found = _STATUS.search(block)
    return int(found[1]) if found else None


def settings_in(payload: bytes) -> dict[int, int]:
    """Identifier -> value."""
    return dict(struct.iter_unpack(">HI", payload))
