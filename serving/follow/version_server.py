"""One version's server: started, seen to answer, told of, and started again when it dies."""

from __future__ import annotations

import logging
import os
import signal
from contextlib import suppress
from typing import Final

from serving.follow.leaving import LeavingServer
from serving.follow.place import Place, Ports, Process
from serving.follow.version_log import version_log
from serving.replacement import Replacement

START_S: Final = 120.0
"""A server that does not answer by then is taken for stuck. A first one builds its Bento, on a busy machine."""
SLOWLY_S: Final = 30.0
"""Between attempts at a version that cannot be served."""
LEFTOVERS_S: Final = 6.0
"""The workers of a killed server drain this long at most; then they are killed, for they hold its ports."""
EXPLAINED: Final = (1, 2)
"""What `strata` exits with after a sentence (see strata.faults)."""


class VersionServer:
    """Drive it with `step`, several times a second. Keeps its ports for life where it can."""

    def __init__(self, version: str, place: Place, ports: Ports, *, fixed_ports: bool) -> None:
        """`fixed_ports`: these are the settings', and others will not do."""
        self.version, self.ports = version, ports
        self.refusal = ""
        """Why it cannot be served, as its last attempt said; empty when that may not be so."""
        self._place, self._fixed_ports = place, fixed_ports
        self._process: Process | None = None
        self._began_s: float | None = None
        self._answered_s: float | None = None
        self._died_s = self._start_at_s = float("-inf")
        self._replacement = Replacement()
        self._log = version_log(version)

    @property
    def serves(self) -> bool:
        """Whether it has answered and not died since."""
        return self._answered_s is not None

    def starting(self, now_s: float, within_s: float) -> bool:
        """Whether it began less than `within_s` ago and has not answered yet."""
        began_s = self._began_s
        return self._process is not None and not self.serves and began_s is not None and now_s - began_s < within_s

    def step(self, now_s: float) -> None:
        """Look once."""
        if self._process is None:
            if now_s >= self._start_at_s and self._cleared(now_s):
                self._start(now_s)
        elif (code := self._process.poll()) is not None:
            self._bury(code, now_s)
        else:
            self._place.trim(self.version)
            if not self.serves:
                self._look(self._process, now_s)

    def leave(self, now_s: float, let_go_s: float, end_s: float) -> LeavingServer:
        """Serve no more: gateways are told, and have `let_go_s` before it is asked to end."""
        self._place.withdraw(self.version)
        ask_at_s = now_s + let_go_s
        return LeavingServer(self.version, self._place, self.ports, self._process, ask_at_s=ask_at_s, end_s=end_s)

    def _cleared(self, now_s: float) -> bool:
        """Whether nothing is left of the server before this one."""
        left = self._place.leftovers(self.version, self.ports) if self._began_s is not None else []
        if left and now_s - self._died_s >= LEFTOVERS_S:
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        return not left

    def _start(self, now_s: float) -> None:
        try:
            self._process = self._place.start(self.version, self.ports, again=self._began_s is not None)
        except OSError as error:
            self._start_at_s = now_s + self._replacement.pause_s(0.0)
            self._tell(logging.ERROR, "server could not be started; tried again", reason=str(error))
        else:
            self._began_s = now_s

    def _look(self, process: Process, now_s: float) -> None:
        assert self._began_s is not None
        if self._place.answers(self.version, self.ports):
            self._publish(now_s, now_s - self._began_s)
        elif now_s - self._began_s > START_S:
            self._tell(logging.ERROR, "server stuck at start", pid=process.pid)
            process.kill()

    def _publish(self, now_s: float, after_s: float) -> None:
        try:
            address = self._place.publish(self.version, self.ports)
        except OSError as error:
            self._tell(logging.ERROR, "address could not be written; tried again", reason=str(error))
            return
        self._answered_s, self.refusal = now_s, ""
        self._tell(logging.INFO, "version served", address=address, after_s=round(after_s, 1))

    def _bury(self, code: int, now_s: float) -> None:
        served_s = 0.0 if self._answered_s is None else now_s - self._answered_s
        unable = not self.serves and code in EXPLAINED
        pause_s = self._replacement.pause_s(served_s)
        if unable or self._replacement.hopeless:
            pause_s = SLOWLY_S
        self._process = self._answered_s = None
        self._died_s, self._start_at_s = now_s, now_s + pause_s
        if unable:
            self._refused(self._place.last_words(self.version))
        else:
            how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
            self._tell(logging.WARNING, "server died and is started again", how=how, pause_s=round(pause_s, 2))

    def _refused(self, reason: str) -> None:
        """It ended with a sentence. Said once; and since a port may be what it lacks, others are tried."""
        if reason != self.refusal:
            self._tell(logging.ERROR, "version cannot be served; tried again slowly", reason=reason, pause_s=SLOWLY_S)
        self.refusal = reason
        if not self._fixed_ports:
            self._place.withdraw(self.version)
            self._place.clear(self.ports)
            self.ports = self._place.free_ports()

    def _tell(self, level: int, event: str, **fields: object) -> None:
        self._log.log(level, event, extra={"fields": {"version": self.version, **fields}})
