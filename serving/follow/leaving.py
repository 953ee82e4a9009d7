"""A server on its way out: gateways let go of it, it drains, and what has not ended by then is made to."""

from __future__ import annotations

import os
import signal
from contextlib import suppress

from serving.follow.place import Place, Ports, Process
from serving.follow.version_log import version_log


class LeavingServer:
    """Its address is gone already. It is asked to end at `ask_at_s`, and killed `end_s` later."""

    def __init__(
        self, version: str, place: Place, ports: Ports, process: Process | None, *, ask_at_s: float, end_s: float
    ) -> None:
        self._version, self._place, self._ports = version, place, ports
        self._process, self._ask_at_s, self._kill_at_s = process, ask_at_s, ask_at_s + end_s
        self._asked = False
        self._log = version_log(version)

    def gone(self, now_s: float) -> bool:
        """Do what is due; True once nothing is left of it."""
        process = self._process
        if process is not None and process.poll() is None:
            self._end(process, now_s)
            return False
        left = self._place.leftovers(self._version, self._ports)
        if left and now_s < self._kill_at_s:
            return False
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._place.clear(self._ports)
        self._log.info("server gone", extra={"fields": {"version": self._version}})
        return True

    def hurry(self, now_s: float) -> None:
        """Have it asked at once, gateways or not."""
        late_s = self._ask_at_s - now_s
        if late_s > 0:
            self._ask_at_s, self._kill_at_s = now_s, self._kill_at_s - late_s

    def _end(self, process: Process, now_s: float) -> None:
        if now_s >= self._kill_at_s:
            self._log.warning("server killed: it did not end in time", extra={"fields": {"version": self._version}})
            process.kill()
        elif now_s >= self._ask_at_s and not self._asked:
            self._asked = True
            process.terminate()
