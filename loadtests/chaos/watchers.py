"""Callers who know the right answer, and note what each call was."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import grpc

from loadtests.chaos.judging import outcome_of
from strata.v1 import segmentation_pb2 as pb
from strata.v1.segmentation_pb2_grpc import SegmentationServiceStub

DEADLINE_S: Final = 0.25
GRACE_S: Final = 0.25
"""A call that ends later than this after its deadline hung; a busy machine gives its threads back late."""
PACE_S: Final = 0.004
_OPTIONS: Final = [
    ("grpc.use_local_subchannel_pool", 1), ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 50), ("grpc.max_reconnect_backoff_ms", 200),
]  # fmt: skip
Expected = Mapping[str, Mapping[str, str]]
"""User to segmenter to the segment's key."""
Judge = Callable[[str, Any], list[str]]
"""From a user and the reply about it to what each assignment is: `live`, `last_known`, `fallback`, `wrong: ...`."""


def judge_by(expected: Expected) -> Judge:
    """Hold each reply to one right segment per user and segmenter."""
    return lambda user, reply: [outcome_of(one, (expected[user][one.segmenter],)) for one in reply.assignments]


class Watchers:
    """So many threads that ask without pause. `take` gives what was seen since the last time."""

    def __init__(self, address: str, users: Iterable[str], judge: Judge, threads: int) -> None:
        self._address, self._judge, self._users = address, judge, sorted(users)
        self._stop, self._lock = threading.Event(), threading.Lock()
        self._seen: Counter[str] = Counter()
        self._took_ms: list[float] = []
        self.streak = 0
        """Calls answered live throughout since the last that was not."""
        self._threads = [threading.Thread(target=self._ask, args=(n,), daemon=True) for n in range(threads)]

    def __enter__(self) -> Watchers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exit_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def take(self) -> tuple[Counter[str], list[float]]:
        """Since the last time: outcomes of assignments, `error CODE`, `calls`; milliseconds of each call answered."""
        with self._lock:
            taken = self._seen, self._took_ms
            self._seen, self._took_ms = Counter(), []
        return taken

    def _ask(self, number: int) -> None:
        with grpc.insecure_channel(self._address, options=_OPTIONS) as channel:
            stub: Any = SegmentationServiceStub(channel)  # type: ignore[no-untyped-call]
            at = number * 101
            while not self._stop.wait(PACE_S):
                at += 1
                began_s = time.monotonic()
                outcomes = self._call(stub, self._users[at % len(self._users)])
                self._note(outcomes, time.monotonic() - began_s)

    def _call(self, stub: Any, user: str) -> list[str]:
        try:
            reply = stub.GetSegments(pb.GetSegmentsRequest(user_id=user), timeout=DEADLINE_S)
        except grpc.RpcError as error:
            return [f"error {error.code().name}"]
        return self._judge(user, reply) or ["wrong: nothing in the answer"]

    def _note(self, outcomes: list[str], took_s: float) -> None:
        if took_s > DEADLINE_S + GRACE_S:
            outcomes = [*outcomes, "wrong: hung past its deadline"]
        with self._lock:
            if not outcomes[0].startswith("error"):
                self._took_ms.append(took_s * 1e3)
            self._seen.update(outcomes)
            self._seen["calls"] += 1
            self.streak = self.streak + 1 if all(each == "live" for each in outcomes) else 0


def learn(address: str, users: Sequence[str]) -> dict[str, dict[str, str]]:
    """What a sound gateway says of each user; those it does not answer live throughout are left out."""
    found: dict[str, dict[str, str]] = {}
    with grpc.insecure_channel(address, options=_OPTIONS) as channel:
        stub: Any = SegmentationServiceStub(channel)  # type: ignore[no-untyped-call]
        for user in users:
            reply = stub.GetSegments(pb.GetSegmentsRequest(user_id=user), timeout=5)
            if all(one.source == pb.ASSIGNMENT_SOURCE_LIVE for one in reply.assignments):
                found[user] = {one.segmenter: one.segment for one in reply.assignments}
    return found
