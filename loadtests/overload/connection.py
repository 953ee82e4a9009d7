"""One HTTP/2 connection that makes unary gRPC calls and gives each up at its deadline, as gRPC's own clients do."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from loadtests.overload import frames
from loadtests.overload.tally import GIVEN_UP, LOST, OK, UNAVAILABLE, WRONG

UNLIMITED: Final = 1 << 30
PREFIX_BYTES: Final = 5
ENDING_DATA: Final = bytes((frames.DATA, frames.END_STREAM))


class Call(NamedTuple):
    """A call to make: when it was due, and its request with gRPC's prefix."""

    due_s: float
    body: bytes


Right = Callable[[Call, bytes], bool]
"""Whether a reply, prefix and all, answers a call."""


def repeats_the_question(call: Call, reply: bytes) -> bool:
    """Field 1 of both of GetSegments' messages is the user.

    >>> ann = Call(0.0, bytes.fromhex("00000000050a03") + b"ann")
    >>> [repeats_the_question(ann, reply) for reply in (b"....." + ann.body[5:] + b"more", b"")]
    [True, False]
    """
    return call.body[PREFIX_BYTES:] in reply


def weighing(message_bytes: int) -> Right:
    """A reply of so many bytes beside gRPC's prefix.

    >>> [weighing(3)(Call(0.0, b""), bytes(size)) for size in (7, 8, 9)]
    [False, True, False]
    """
    return lambda _, reply: len(reply) == PREFIX_BYTES + message_bytes


@dataclass
class _OnItsWay:
    call: Call
    data: bytes = b""


class Connection(asyncio.Protocol):
    """Calls are sent at once, or wait here for a free stream when the server allows no more."""

    def __init__(self, block: bytes, ended: Callable[[int, Call], None], right: Right = repeats_the_question) -> None:
        """`block`: the header block of every call. `ended`: told each call's status. `right`: judges what says OK."""
        self._block, self._ended, self._right = block, ended, right
        self._headers = frames.frame(frames.HEADERS, frames.END_HEADERS, 0, block)[:5]
        self._rest = b""
        self._calls: dict[int, _OnItsWay] = {}
        self._waiting: deque[Call] = deque()
        self._next, self._most, self._window = 1, UNLIMITED, frames.WINDOW
        self._transport: Any = None  # uvloop's is no asyncio.Transport
        self._out: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._out.append(frames.greeting())
        self.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        left = [*(one.call for one in self._calls.values()), *self._waiting]
        self._calls.clear()
        self._waiting.clear()
        for call in left:
            self._ended(LOST, call)

    def call(self, call: Call) -> None:
        """Make a call; `flush` sends it. On a connection that is gone it is lost."""
        if self._transport is None:
            asyncio.get_running_loop().call_later(0.001, self._ended, LOST, call)
            return
        self._waiting.append(call)
        self._send_waiting()

    @property
    def busy(self) -> bool:
        """Whether a call is on its way or waits to be."""
        return bool(self._calls or self._waiting)

    def give_up(self, due_before_s: float) -> None:
        """End the calls that were due before this moment."""
        while self._waiting and self._waiting[0].due_s < due_before_s:
            self._ended(GIVEN_UP, self._waiting.popleft())
        late = []
        for stream, one in self._calls.items():  # in the order they were sent
            if one.call.due_s >= due_before_s:
                break
            late.append(stream)
        for stream in late:
            self._out.append(frames.frame(frames.RST_STREAM, 0, stream, frames.CANCEL.to_bytes(4, "big")))
            self._end(stream, GIVEN_UP)

    def flush(self) -> None:
        """Write what there is to write."""
        if self._out and self._transport is not None:
            self._transport.write(b"".join(self._out))
        self._out.clear()

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        found, self._rest = frames.take_frames(self._rest + data if self._rest else data)
        for kind, flags, stream, payload in found:
            if kind == frames.DATA and stream in self._calls:
                self._calls[stream].data += payload
            elif kind == frames.HEADERS and flags & frames.END_STREAM:
                self._answered(stream, frames.status_in(payload))
            elif kind == frames.RST_STREAM:
                refused = int.from_bytes(payload[:4], "big") == frames.REFUSED_STREAM
                self._end(stream, UNAVAILABLE if refused else LOST)
            else:
                self._control(kind, flags, stream, payload)
        self.flush()

    def _send_waiting(self) -> None:
        while self._waiting and len(self._calls) < self._most and self._window >= len(self._waiting[0].body):
            call = self._waiting.popleft()
            stream, self._next = self._next, self._next + 2
            self._window -= len(call.body)
            self._calls[stream] = _OnItsWay(call)
            number, size = stream.to_bytes(4, "big"), len(call.body).to_bytes(3, "big")
            self._out.append(b"".join((self._headers, number, self._block, size, ENDING_DATA, number, call.body)))

    def _answered(self, stream: int, status: int | None) -> None:
        one = self._calls.get(stream)
        if status == OK and one is not None and not self._right(one.call, one.data):
            status = WRONG
        self._end(stream, LOST if status is None else status)

    def _end(self, stream: int, status: int) -> None:
        one = self._calls.pop(stream, None)
        if one is not None:
            self._ended(status, one.call)
        self._send_waiting()

    def _control(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == frames.SETTINGS and not flags & frames.ACK:
            self._most = frames.settings_in(payload).get(frames.MAX_CONCURRENT_STREAMS, self._most)
            self._out.append(frames.frame(frames.SETTINGS, frames.ACK, 0))
        elif kind == frames.PING and not flags & frames.ACK:
            self._out.append(frames.frame(frames.PING, frames.ACK, 0, payload))
        elif kind == frames.WINDOW_UPDATE and stream == 0:
            self._window += int.from_bytes(payload, "big") & frames.MOST_WINDOW
        elif kind == frames.GOAWAY:
            self.close()
