"""A process that calls: open loop at given rates, or closed with so many calls on their way. One JSON line when done.

    python -m loadtests.overload.caller ORDER     (JSON: see `Order`)

Raw HTTP/2: gRPC's own Python client costs more CPU a call than the server under test, and h2load can neither tell a
gRPC error from an answer nor give calls up. Calls are due at exponential intervals whatever comes back, each of the
next user; latency counts from when a call was due, so that neither server nor generator can hide a delay.
"""

from __future__ import annotations

import asyncio
import gc
import json
import random
import struct
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate, cycle

import uvloop

from loadtests.overload.connection import Call, Connection, repeats_the_question, weighing
from loadtests.overload.frames import header_block
from loadtests.overload.tally import Tally
from strata.v1.segmentation_pb2 import GetSegmentsRequest

TICK_S = 0.001
SETTLE_S = 0.05
"""Settings have been exchanged by then."""
GET_SEGMENTS = "/strata.v1.SegmentationService/GetSegments"


@dataclass(frozen=True)
class Order:
    """What a caller is told."""

    address: str
    users: Sequence[str]
    phases: Sequence[tuple[float, float]]
    """Calls a second, and for how many seconds; one after the other without a pause. A rate of 0: closed loop."""
    callers: int = 16
    """Calls on their way in a closed loop."""
    connections: int = 8
    deadline_s: float = 0.1
    seed: int = 1
    method: str = GET_SEGMENTS
    """Its path; whatever it is, it is sent GetSegments requests."""
    reply_bytes: int = 0
    """What a right answer's message weighs, for servers that do not repeat the question; 0: it does."""
    spin: bool = False
    """Never sleep: calls leave within a few hundredths of a millisecond of when they are due, at the price of a core.
    Otherwise up to a tick and a half later, several at once."""

    def to_json(self) -> str:
        """For the command line."""
        return json.dumps(asdict(self))


def bodies(users: Sequence[str]) -> Iterator[bytes]:
    """The next user's request with gRPC's prefix, for ever."""
    made = [GetSegmentsRequest(user_id=user).SerializeToString() for user in users]
    return cycle([b"\0" + struct.pack(">I", len(raw)) + raw for raw in made])


class Load:
    """One load from its first call to its last answer."""

    def __init__(self, order: Order) -> None:
        self._order, self._bodies = order, bodies(order.users)
        self._draws = random.Random(order.seed)
        self._ends = list(accumulate(seconds for _, seconds in order.phases))
        self._tally = Tally()
        self._began_s = self._due_s = 0.0
        self._closed = order.phases[0][0] == 0
        self._pause_s = 0.0 if order.spin else TICK_S
        self._links: list[Connection] = []

    async def run(self) -> Tally:
        """Call through all phases, then wait for what is on its way, at most a deadline long."""
        await self._connect()
        self._began_s = self._tally.began_s = time.monotonic()
        for _ in range(self._order.callers if self._closed else 0):
            self._call(0.0)
        while (now_s := self._now_s()) < self._ends[-1]:
            self._send_due(now_s)
            self._tend(now_s)
            await asyncio.sleep(self._pause_s)
        self._closed = False
        await self._finish()
        return self._tally

    async def _connect(self) -> None:
        host, _, port = self._order.address.rpartition(":")
        block = header_block(self._order.method, self._order.address, f"{round(self._order.deadline_s * 1000)}m")
        right = weighing(self._order.reply_bytes) if self._order.reply_bytes else repeats_the_question
        loop = asyncio.get_running_loop()
        for _ in range(self._order.connections):
            link = Connection(block, self._ended, right)
            await loop.create_connection(lambda link=link: link, host, int(port))  # type: ignore[misc]
            self._links.append(link)
        await asyncio.sleep(SETTLE_S)

    def _now_s(self) -> float:
        return time.monotonic() - self._began_s

    def _call(self, due_s: float) -> None:
        link = self._links[self._draws.randrange(len(self._links))]
        link.call(Call(due_s, next(self._bodies)))
        if self._closed:
            link.flush()  # a caller who waits for an answer does not wait for a tick as well

    def _send_due(self, now_s: float) -> None:
        while not self._closed and self._due_s <= min(now_s, self._ends[-1]):
            self._call(self._due_s)
            self._tally.late_s.append(now_s - self._due_s)
            self._due_s += self._draws.expovariate(self._rate(self._due_s))

    def _rate(self, at_s: float) -> float:
        return next((rate for (rate, _), end in zip(self._order.phases, self._ends, strict=True) if at_s < end), 1e9)

    def _tend(self, now_s: float) -> None:
        for link in self._links:
            link.give_up(now_s - self._order.deadline_s)
            link.flush()

    async def _finish(self) -> None:
        await asyncio.sleep(2 * TICK_S)  # what was lost at once is told a tick later
        end_s = self._now_s() + self._order.deadline_s + 2 * TICK_S
        while self._now_s() < end_s and any(link.busy for link in self._links):
            self._tend(self._now_s())
            await asyncio.sleep(TICK_S)
        for link in self._links:
            link.close()
        await asyncio.sleep(0)

    def _ended(self, status: int, call: Call) -> None:
        now_s = self._now_s()
        self._tally.ended(status, call.due_s, now_s, self._order.deadline_s)
        if self._closed:
            self._call(now_s)


def main() -> None:
    """Do as ordered."""
    gc.disable()  # a pause of the caller's own would be taken for the server's; nothing here goes in circles
    tally = uvloop.run(Load(Order(**json.loads(sys.argv[1]))).run())
    print(json.dumps(tally.to_document()))


if __name__ == "__main__":
    main()
