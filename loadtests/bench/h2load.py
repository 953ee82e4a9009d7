"""Bursts of native load: h2load processes, one connection each, each with another user's call.

h2load sends one body per run. Users rotate because each caller is a chain of short h2load runs (about a
quarter of a second each) that take the next body in turn; at any moment as many users are asked about as there
are callers. A run costs about 10 ms of client CPU and one new connection to the server, on every system alike.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import grpc

from loadtests.bench.processes import cpu_s, machine_busy_s, own_cpu_s
from loadtests.bench.systems import System
from loadtests.bench.workload import Call, weighed_again
from loadtests.replies import ReplyWrong

RAMP_S = 0.3
"""All callers are under way by then."""
RUN_S = 0.25
"""How long one h2load run should take."""


@dataclass(frozen=True)
class Burst:
    """What one burst measured. `calls` counts a call that crosses an edge of the window by its part inside."""

    calls: float
    seconds: float
    times_ms: list[float]
    server_cpu_s: float
    other_cpu_share: float
    """Cores busy with neither the servers nor the load: noise from elsewhere on the machine."""
    bad: int
    """Runs with a failed request, or whose reply bytes are not those of right replies."""
    runs: int
    complaint: str = ""
    """What was wrong with one of the bad runs."""


@dataclass
class _Log:
    spans_us: list[tuple[int, int]] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    runs: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Generator:
    """Makes bursts against one system and method; remembers how quick it was, to size the next runs."""

    def __init__(self, system: System, calls: Sequence[Call], callers: int, scratch: Path) -> None:
        self._system, self._calls, self._callers, self._scratch = system, list(calls), callers, scratch
        self._turn = count()
        self._per_run = 1 if calls[0].users > 1 else 20

    def burst(self, seconds: float) -> Burst:
        """Load for `seconds` after the ramp, and no longer than the last run takes after that."""
        log, over = _Log(), threading.Event()
        with ThreadPoolExecutor(self._callers) as callers:
            chains = [callers.submit(self._chain, slot, log, over) for slot in range(self._callers)]
            try:
                time.sleep(RAMP_S)
                before = self._clocks()
                time.sleep(seconds)
                after = self._clocks()
            finally:
                # Also on Ctrl-C: the pool waits for its chains.
                over.set()
            for chain in chains:
                chain.result()
        burst = self._read(log, before, after)
        rate = burst.calls / burst.seconds / self._callers
        self._per_run = max(1, round(rate * RUN_S))
        return burst

    def _clocks(self) -> tuple[float, float, float, float]:
        return time.time(), cpu_s(self._system.trees), machine_busy_s(), own_cpu_s()

    def _chain(self, slot: int, log: _Log, over: threading.Event) -> None:
        path = self._scratch / f"h2load-{slot}.log"
        while not over.is_set():
            place = next(self._turn) % len(self._calls)
            path.unlink(missing_ok=True)
            command = _command(self._system, self._calls[place], self._per_run, path)
            words = subprocess.run(command, capture_output=True, check=False).stdout.decode(errors="replace")
            spans = list(_spans(path)) if path.is_file() else []
            with log.lock:
                log.spans_us += spans
                log.runs += 1
                complaint = self._complaint(words, place)
                log.complaints += [complaint] if complaint else []

    def _complaint(self, words: str, place: int) -> str:
        """What is wrong with a run. An answer that changed since it was weighed is asked for again, and is right if
        the run's bytes lie between the two."""
        complaint = _complaint(words, self._calls[place], self._per_run)
        if complaint:
            with contextlib.suppress(ReplyWrong, grpc.RpcError, KeyError):
                self._calls[place] = weighed_again(self._system.address, self._calls[place])
                complaint = _complaint(words, self._calls[place], self._per_run)
        return complaint

    def _read(self, log: _Log, before: tuple[float, ...], after: tuple[float, ...]) -> Burst:
        start_us, end_us = int(before[0] * 1e6), int(after[0] * 1e6)
        inside = [span for span in log.spans_us if span[0] < end_us and span[1] > start_us]
        calls = sum((min(end, end_us) - max(start, start_us)) / max(1, end - start) for start, end in inside)
        times_ms = [(end - start) / 1e3 for start, end in inside if start_us <= end <= end_us]
        server, machine, own = (after[i] - before[i] for i in (1, 2, 3))
        seconds, bad = after[0] - before[0], len(log.complaints)
        return Burst(
            calls,
            seconds,
            times_ms,
            server,
            max(0.0, machine - server - own) / seconds,
            bad,
            log.runs,
            (log.complaints or [""])[0],
        )


def _command(system: System, call: Call, requests: int, log: Path) -> list[str]:
    return [
        *("h2load", "-c", "1", "-m", "1", "-t", "1", "-n", str(requests), "-d", str(call.body)),
        *(f"--log-file={log}", *system.protocol, system.url(call.method)),
    ]


def _spans(log: Path) -> Iterator[tuple[int, int]]:
    """Start and end of each request, in microseconds since the epoch."""
    for line in log.read_text(encoding="ascii").splitlines():
        start, _status, length = line.split("\t")[:3]
        yield int(start), int(start) + int(length)


def _complaint(words: str, call: Call, requests: int) -> str:
    """What is wrong with a run's end; empty when every request succeeded and the replies' bytes add up.

    h2load calls a gRPC error a success; such a reply has no data, so that the bytes fall short.
    """
    succeeded = re.search(r"(\d+) succeeded, 0 failed, 0 errored, 0 timeout", words)
    data = re.search(r"\((\d+)\) data", words)
    if not succeeded or not data or int(succeeded[1]) != requests:
        return f"{call.method}: not all of {requests} requests succeeded"
    least, most = requests * call.least_reply_bytes, requests * call.most_reply_bytes
    if not least <= int(data[1]) <= most:
        return f"{call.method}: {requests} replies have {data[1]} bytes; right ones have {least:g} to {most:g}"
    return ""
