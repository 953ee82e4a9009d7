"""Callers that ask without pause, single and in batches, and count what they get."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import grpc

from strata.v1 import segmentation_pb2 as pb
from strata.v1.segmentation_pb2_grpc import SegmentationServiceStub

BATCH: Final = 100
DEADLINE_S: Final = 2.0
PACE_S: Final = 0.002
"""Between two calls of one caller: a server at its limit would measure the queue."""


class Callers:
    """So many threads, each on a connection of its own; one of them asks in batches."""

    def __init__(self, address: str, users: Sequence[str], threads: int) -> None:
        self._address, self._users = address, users
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.calls = self.not_live = 0
        self.failures: Counter[str] = Counter()
        """By status code."""
        self.versions: Counter[tuple[str, str]] = Counter()
        """Of single calls: (segmenter, version)."""
        self._threads = [threading.Thread(target=self._ask, args=(n,), daemon=True) for n in range(threads)]

    def __enter__(self) -> Callers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exit_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, number: int) -> None:
        options = [("grpc.use_local_subchannel_pool", 1)]
        with grpc.insecure_channel(self._address, options=options) as channel:
            stub: Any = SegmentationServiceStub(channel)  # type: ignore[no-untyped-call]
            at = number * 37
            while not self._stop.wait(PACE_S):
                at += 1
                try:
                    live, versions = self._batch(stub, at) if number == 0 else self._single(stub, at)
                except grpc.RpcError as error:
                    live, versions = True, []
                    with self._lock:
                        self.failures[error.code().name] += 1
                with self._lock:
                    self.calls += 1
                    self.not_live += not live
                    self.versions.update(versions)

    def _single(self, stub: Any, at: int) -> tuple[bool, list[tuple[str, str]]]:
        user = self._users[at % len(self._users)]
        found = stub.GetSegments(pb.GetSegmentsRequest(user_id=user), timeout=DEADLINE_S).assignments
        live = all(each.source == pb.ASSIGNMENT_SOURCE_LIVE for each in found)
        return live, [(each.segmenter, each.version) for each in found]

    def _batch(self, stub: Any, at: int) -> tuple[bool, list[tuple[str, str]]]:
        begin = at * BATCH % max(len(self._users) - BATCH, 1)
        users = self._users[begin : begin + BATCH]
        found = stub.BatchGetSegments(pb.BatchGetSegmentsRequest(user_ids=users), timeout=DEADLINE_S).columns
        return all(set(column.sources) == {pb.ASSIGNMENT_SOURCE_LIVE} for column in found), []


def await_calls(callers: Callers, more: int, limit_s: float = 30.0) -> None:
    """Until so many more calls have ended, or the time is up."""
    wanted, ends_s = callers.calls + more, time.monotonic() + limit_s
    while callers.calls < wanted and time.monotonic() < ends_s:
        time.sleep(0.01)
