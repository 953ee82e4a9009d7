"""One worker as the supervisor sees it: a fresh process, a pipe it reports through, and when it may start again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from typing import Any, Final

from serving.order import WorkerOrder
from strata.processes.frugal import FRUGAL

# gRPC's core tells of every connection that a peer ends in words of its own, between our lines of JSON.
_QUIET: Final = {"GRPC_VERBOSITY": "ERROR"}


class WorkerProcess:
    """A running worker. It ends when its standard input is closed, so it cannot outlive the supervisor."""

    def __init__(self, order: WorkerOrder, began_s: float) -> None:
        """Start it. Never by fork: gRPC's threads do not survive one. Raises OSError where there is no room for one."""
        self.began_s = began_s
        self.ready_s: float | None = None
        self.refusal = ""
        self._report, theirs = os.pipe()
        os.set_blocking(self._report, False)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "serving.worker"],
                stdin=subprocess.PIPE,
                pass_fds=(theirs,),
                env={**FRUGAL, **_QUIET, **os.environ},
                start_new_session=True,  # a terminal's Ctrl-C is for the supervisor, which lets workers drain
            )
        except OSError:
            os.close(self._report)
            raise
        finally:
            os.close(theirs)
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(replace(order, report_fd=theirs).to_line())
            self._process.stdin.flush()
        except BrokenPipeError:
            return  # it died at once: `ended` tells

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether the process is gone."""
        return self._process.poll() is not None

    def look(self, now_s: float) -> None:
        """Take in what it reported."""
        if self.ready_s is not None or self.refusal:
            return
        try:
            line = os.read(self._report, 65_536)
        except BlockingIOError:
            return
        if not line:
            return
        report: dict[str, Any] = json.loads(line.splitlines()[0])
        if report["ready"]:
            self.ready_s = now_s
        else:
            self.refusal = report["reason"]

    def how_it_ended(self) -> str:
        """For a log."""
        code = self._process.poll()
        if code is None:
            return "running"
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    def ask_to_end(self) -> None:
        """Let it drain."""
        if not self.ended:
            self._process.terminate()

    def kill(self) -> None:
        """End it now."""
        if not self.ended:
            self._process.kill()

    def wait(self, timeout_s: float) -> bool:
        """Whether it was gone within the time."""
        try:
            self._process.wait(max(timeout_s, 0.0))
        except subprocess.TimeoutExpired:
            return False
        return True

    def close(self) -> None:
        """Release the pipes of a process that is gone."""
        os.close(self._report)
        if self._process.stdin is not None:
            try:
                self._process.stdin.close()
            except BrokenPipeError:
                return
