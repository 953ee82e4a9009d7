"""A load of its own process: events made beforehand, sent over StreamEvents at a rate or at once.

    python -m loadtests.live.load --to HOST:PORT --events N --batch B [--rate R] [--users U] [--seed S]

Prints `made`, waits for a line, sends, waits for the last acknowledgement, and prints a line of JSON: events,
seconds, p50_ms and p99_ms from a batch's sending to its acknowledgement, cpu_s, newest_us and newest_users.
"""

from __future__ import annotations

import argparse
import json
import queue
import random
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, Final

import grpc

from loadtests.bench.processes import own_cpu_s
from loadtests.bench.summary import percentile
from strata.v1 import event_pb2 as pb

METHOD: Final = "/strata.v1.EventService/StreamEvents"
WINDOW: Final = 16
TYPES: Final = (pb.EVENT_TYPE_PURCHASE, pb.EVENT_TYPE_VIEW, pb.EVENT_TYPE_CART, pb.EVENT_TYPE_PURCHASE)


def make_batches(count: int, size: int, users: int, seed: int) -> list[tuple[bytes, int]]:
    """Serialised requests and their sizes: purchases, views and carts of users drawn evenly."""
    chance = random.Random(seed)
    stem, made = f"{seed}-{time.time_ns():x}", 0
    batches: list[tuple[bytes, int]] = []
    while made < count:
        number = min(size, count - made)
        events = [make_event(f"{stem}-{made + i}", f"load-{chance.randrange(users)}", chance) for i in range(number)]
        made += number
        request = pb.StreamEventsRequest(batch_id=len(batches), events=events)
        batches.append((request.SerializeToString(), number))
    return batches


def make_event(event_id: str, user: str, chance: random.Random) -> Any:
    """A purchase, a view or a cart of a user, without a time."""
    kind = chance.choice(TYPES)
    event = pb.Event(
        event_id=event_id, user_id=user, type=kind,
        session_id=f"visit-{chance.randrange(1 << 30):x}", item_id=f"item-{chance.randrange(5_000)}",
        category=f"aisle-{chance.randrange(40)}",
    )  # fmt: skip
    if kind == pb.EVENT_TYPE_PURCHASE:
        cents = chance.randrange(100, 20_000)
        event.value.units, event.value.nanos = cents // 100, cents % 100 * 10_000_000
        event.quantity = 1
    return event


class Load:
    """One stream."""

    def __init__(self, channel: Any, batches: Sequence[tuple[bytes, int]], rate: float | None) -> None:
        self._batches, self._rate = batches, rate
        self._free: queue.SimpleQueue[bool] = queue.SimpleQueue()
        for _ in range(WINDOW):
            self._free.put(True)
        self._sent: deque[float] = deque()
        self._call = channel.stream_stream(METHOD, _same, pb.StreamEventsResponse.FromString)

    def send(self) -> dict[str, Any]:
        """Everything; what it took. Raises grpc.RpcError when the stream breaks."""
        began_s, began_cpu_s = time.monotonic(), own_cpu_s()
        times_ms, refused, last = [], 0, None
        for reply in self._call(self._requests(began_s)):
            times_ms.append((time.monotonic() - self._sent.popleft()) * 1e3)
            self._free.put(True)
            refused += reply.result.counts.late + reply.result.counts.invalid
            last = reply
        seconds = time.monotonic() - began_s
        assert last is not None
        return {
            "events": sum(size for _, size in self._batches),
            "seconds": seconds,
            "p50_ms": percentile(times_ms, 0.5),
            "p99_ms": percentile(times_ms, 0.99),
            "refused": refused,
            "cpu_s": own_cpu_s() - began_cpu_s,
            "newest_us": last.result.recorded_at.ToMicroseconds(),
            "newest_users": sorted({e.user_id for e in pb.StreamEventsRequest.FromString(self._batches[-1][0]).events}),
        }

    def _requests(self, began_s: float) -> Iterator[bytes]:
        due_s = began_s
        for raw, size in self._batches:
            if self._rate is None:
                self._free.get()
            else:
                time.sleep(max(0.0, due_s - time.monotonic()))
                due_s += size / self._rate
            self._sent.append(time.monotonic())
            yield raw


def _same(raw: bytes) -> bytes:
    return raw


def main() -> None:
    """The process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", required=True)
    parser.add_argument("--events", type=int, required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--users", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    batches = make_batches(asked.events, asked.batch, asked.users, asked.seed)
    with grpc.insecure_channel(asked.to) as channel:
        grpc.channel_ready_future(channel).result(30)
        print("made", flush=True)
        sys.stdin.readline()
        print(json.dumps(Load(channel, batches, asked.rate).send()), flush=True)


if __name__ == "__main__":
    main()
