"""Locust's side: gRPC calls that arrive whether or not earlier ones were answered.

    strata loadtest                                          runs this with a plan
    locust -f loadtests/locustfile.py --headless --plan F    does so by hand

One Locust user (`fixed_count`) makes the arrivals and hands each to a greenlet of a bounded pool. Latency
counts from the scheduled arrival, so that time spent queueing, here or in the server, is not left out
(coordinated omission). Locust patches sockets through gevent: never import this beside Feast.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import locust.stats
from locust import User, events, task

# isort: split
# After Locust has patched sockets, and before any channel is made.
import gevent
import grpc
from gevent.pool import Pool
from grpc.experimental import gevent as grpc_gevent

from loadtests.arrivals import arrivals
from loadtests.calls import Request, calls
from loadtests.plan import Plan, read_plan
from loadtests.replies import ReplyChecker, ReplyWrong
from loadtests.tally import Tally, fine_bucket
from strata.v1.segmentation_pb2 import GetSegmentsRequest, ListSegmentersRequest
from strata.v1.segmentation_pb2_grpc import SegmentationServiceStub

grpc_gevent.init_gevent()
locust.stats.bucket_response_time = fine_bucket  # type: ignore[assignment]

CHANNELS = 8
"""Connections; the kernel spreads them over the gateway's workers."""


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
def _add_options(parser: Any) -> None:
    parser.add_argument(
        "--plan", required=True, help="the JSON file that says what to offer (strata loadtest writes it)"
    )


class OpenLoop(User):
    """All callers at once: an open loop has arrivals, not users who wait for each other."""

    fixed_count = 1

    @task
    def offer(self) -> None:
        """Offer the whole load once, then end the run, also when something failed: Locust would begin again."""
        try:
            self._connect()
            self._run()
        finally:
            gevent.spawn(self.environment.runner.quit)
            gevent.sleep(60)

    def _connect(self) -> None:
        self.plan: Plan = read_plan(Path(self.environment.parsed_options.plan))
        self.pool = Pool(self.plan.profile.max_in_flight)
        self.tally = Tally()
        options = [("grpc.use_local_subchannel_pool", 1)]
        channels = [grpc.insecure_channel(self.plan.target, options=options) for _ in range(CHANNELS)]
        stubs = [SegmentationServiceStub(channel) for channel in channels]  # type: ignore[no-untyped-call]
        listings = [stub.ListSegmenters(ListSegmentersRequest(), timeout=10) for stub in stubs]
        self.stubs: Iterator[SegmentationServiceStub] = cycle(stubs)
        self.checker = ReplyChecker(listings[0].segmenters)

    def _run(self) -> None:
        profile, seed = self.plan.profile, self.plan.seed
        requests = calls(self.plan.users, profile.batch_share, profile.batch_users, seed)
        self._arrive(arrivals(profile.rate, profile.warmup_s, seed), requests, counted=False)
        busy_s = time.process_time()
        self._arrive(arrivals(profile.rate, profile.duration_s, seed + 1), requests, counted=True)
        cpu_share = (time.process_time() - busy_s) / profile.duration_s
        # The last answers count too.
        self.pool.join(timeout=profile.deadline_ms / 1000 + 1)
        self.tally.measured(profile.duration_s, cpu_share).write(self.plan.result)

    def _arrive(self, schedule: Iterator[float], requests: Iterator[Request], counted: bool) -> None:
        start = time.perf_counter()
        for offset in schedule:
            due = start + offset
            gevent.sleep(max(0.0, due - time.perf_counter()))
            request = next(requests)
            if counted:
                self.tally.offered += 1
            if self.pool.free_count() > 0:
                self.pool.spawn(self._call, request, due, counted)
            elif counted:
                self._failed(_name(request), due, "generator saturated")

    def _call(self, request: Request, due: float, counted: bool) -> None:
        name = _name(request)
        method = getattr(next(self.stubs), name)
        try:
            reply = method(request, timeout=self.plan.profile.deadline_ms / 1000)
            degraded = self.checker.check(request, reply)
        except grpc.RpcError as error:
            if counted:
                self._failed(name, due, error.code().name)
        except ReplyWrong as error:
            if counted:
                self._failed(name, due, f"wrong reply: {error}")
        else:
            if counted:
                self.tally.answered(name, _passed_ms(due), degraded)
                self._fire(name, due, reply.ByteSize(), None)

    def _failed(self, name: str, due: float, cause: str) -> None:
        self.tally.failed(cause)
        self._fire(name, due, 0, Exception(cause))

    def _fire(self, name: str, due: float, length: int, exception: Exception | None) -> None:
        self.environment.events.request.fire(
            request_type="grpc",
            name=name,
            response_time=_passed_ms(due),
            response_length=length,
            exception=exception,
            context={},
        )


def _passed_ms(due: float) -> float:
    return (time.perf_counter() - due) * 1000


def _name(request: Request) -> str:
    return "GetSegments" if isinstance(request, GetSegmentsRequest) else "BatchGetSegments"
