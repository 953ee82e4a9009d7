"""Server processes of a bench: started with a log each, asked for their CPU, ended together."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from strata.errors import StrataError

STOP_S = 10.0
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1
START_LIMIT_S = 240.0
"""On a busy machine the glued stack takes minutes to apply its registry and to fill its Redis."""


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: Sequence[str], log: Path, environ: Mapping[str, str], cwd: Path) -> Iterator[psutil.Process]:
    """A server for as long as the context; it and its children are ended with it."""
    with log.open("wb") as words:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=words, stderr=words, env={**os.environ, **environ}, cwd=cwd,
            start_new_session=True,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - servers are started before any thread is
        )  # fmt: skip
    tree = psutil.Process(process.pid)
    try:
        yield tree
    finally:
        _end(process, tree)


def _end_with_parent() -> None:
    """Ask the kernel to send SIGTERM when the bench dies, by whatever means."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _end(process: subprocess.Popen[bytes], tree: psutil.Process) -> None:
    family = _family(tree)
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for left in family[1:]:
        if left.is_running():
            left.kill()


def _family(tree: psutil.Process) -> list[psutil.Process]:
    try:
        return [tree, *tree.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def cpu_s(trees: Iterable[psutil.Process]) -> float:
    """User and system CPU seconds of all processes of these trees that are alive."""
    total = 0.0
    for process in (one for tree in trees for one in _family(tree)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def own_cpu_s() -> float:
    """CPU seconds of this process and of its children that ended."""
    times = psutil.Process().cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def machine_busy_s() -> float:
    """CPU seconds the whole machine has spent on anything."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq)


def await_ready(
    name: str, ready: Callable[[], bool], trees: Iterable[psutil.Process], log: Path, limit_s: float = START_LIMIT_S
) -> None:
    """Wait until `ready()`. Raises StrataError with the end of the log when a process died or time ran out."""
    watched = list(trees)
    deadline = time.monotonic() + limit_s
    while not ready():
        dead = any(not tree.is_running() or tree.status() == psutil.STATUS_ZOMBIE for tree in watched)
        if dead or time.monotonic() > deadline:
            said = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-12:])
            raise StrataError(f"{name} {'ended' if dead else 'was not ready in time'}; last words ({log}):\n{said}")
        time.sleep(0.1)
