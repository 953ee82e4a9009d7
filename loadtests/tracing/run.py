"""One gateway three times: traced never, at every call, and by chance as the settings have it."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack

from loadtests.bench.agreement import OURS
from loadtests.bench.checked import Outcome, Say, measure_checked, prepare
from loadtests.bench.gateways import await_live, start_gateway
from loadtests.bench.plan import Plan
from loadtests.bench.processes import free_port
from loadtests.bench.scratch import make_scratch
from loadtests.bench.tools import require_tools
from loadtests.calls import rotate
from loadtests.tracing.collectors import spans_received, start_collector
from strata.errors import StrataError
from strata.settings import Settings

EVERY_CALL = f"{OURS} traced, every call"
TRACED = {EVERY_CALL: 1.0, f"{OURS} traced, 1 in 100": 0.01}
"""`tracing.sample_ratio` of each traced gateway; the second is its default."""
_ANSWERED = re.compile(r'^strata_request_seconds_count\{method="(?:Batch)?GetSegments"\} (\S+)', re.MULTILINE)


def run_tracing(settings: Settings, users: Sequence[str], plan: Plan, say: Say) -> tuple[Outcome, dict[str, float]]:
    """What was measured, and the spans per answered call that each traced gateway's Collector was sent.

    A Collector's CPU is none of the gateway's. Raises StrataError when a part cannot be started or answers wrongly, and
    when no span came of calls that were all traced.
    """
    require_tools("h2load", "otelcol")
    scratch = make_scratch(settings)
    turn = rotate(users, seed=1)
    order = [next(turn) for _ in users]
    work = prepare(order, plan, scratch / "bodies")
    logs = {name: scratch / f"collector-{name}.log" for name in TRACED}
    pages = {name: free_port() for name in TRACED}
    with ExitStack() as collectors:
        say("starting the Collectors")
        told = {name: _traced(name, start_collector(log, collectors), pages[name]) for name, log in logs.items()}
        # Ended before the Collectors: a gateway that ends sends what it still has.
        with ExitStack() as stack:
            say("starting the gateways")
            everyone = {OURS: {"STRATA_TRACING__ENDPOINT": ""}, **told}
            systems = {name: start_gateway(settings, name, scratch, stack, more=one) for name, one in everyone.items()}
            for name, system in systems.items():
                await_live(system, order[0], scratch / f"gateway-{name}.log")
            outcome = measure_checked(systems, work, plan, scratch, say)
            answered = {name: _answered(page) for name, page in pages.items()}
    spans = {name: round(spans_received(log) / answered[name], 4) for name, log in logs.items()}
    if not spans[EVERY_CALL]:
        raise StrataError(f"no span came to the Collector; what it got is in {logs[EVERY_CALL]}")
    return outcome, spans


def _traced(name: str, collector: str, page: int) -> dict[str, str]:
    return {
        "STRATA_TRACING__ENDPOINT": collector,
        "STRATA_TRACING__SAMPLE_RATIO": str(TRACED[name]),
        "STRATA_GATEWAY__METRICS_PORT": str(page),
    }


def _answered(page: int) -> float:
    """The calls for segments that a gateway has answered, as it tells on its metrics page."""
    with urllib.request.urlopen(f"http://127.0.0.1:{page}/metrics", timeout=10) as reply:
        return sum(float(count) for count in _ANSWERED.findall(reply.read().decode()))
