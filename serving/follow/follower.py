"""Keeps a server alive for each version that is named, each on its own: the death of one touches no other."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event
from typing import Final

from serving.follow.attendance import Attendance
from serving.follow.leaving import LeavingServer
from serving.follow.place import Place, Ports
from serving.follow.version_server import VersionServer
from strata.errors import StrataError

POLL_S: Final = 0.2
ALONE_S: Final = 20.0
"""How long others wait for a server that starts: a start takes 3 to 5 s of a core, one that hangs is not waited for."""
LET_GO_S: Final = 2.0
"""From the end of an address to the end of its server: gateways look at addresses several times a second."""


class NothingServed(StrataError):
    """No version can be served; the sentence says why the live one cannot."""


class Follower:
    """Drive it with `run`."""

    def __init__(
        self, named: Callable[[], tuple[str, ...]], place: Place, first_ports: Ports | None, end_s: float
    ) -> None:
        """`first_ports` are the first version's; None where any will do. A server asked to end has `end_s` for it."""
        self._named, self._place, self._first_ports, self._end_s = named, place, first_ports, end_s
        self._attendance = Attendance()
        self._servers: dict[str, VersionServer] = {}
        self._leaving: list[LeavingServer] = []
        self._has_served = False

    def run(self, stop: Event) -> None:
        """Until `stop` is set. Raises NothingServed when no version can be served at the start."""
        try:
            while True:
                self.step(time.monotonic())
                if stop.wait(POLL_S):
                    return
        finally:
            self._end_all()

    def step(self, now_s: float) -> None:
        """Look at everything once."""
        named = self._named()
        busy = any(server.starting(now_s, ALONE_S) for server in self._servers.values())
        steps = self._attendance.steps(named, self._servers, now_s, busy=busy)
        for version in steps.start:
            self._servers[version] = self._server(version)
        for version in steps.stop:
            self._leaving.append(self._servers.pop(version).leave(now_s, LET_GO_S, self._end_s))
        for server in self._servers.values():
            server.step(now_s)
        self._leaving = [each for each in self._leaving if not each.gone(now_s)]
        self._refuse_hopeless(named)

    def _server(self, version: str) -> VersionServer:
        ports, self._first_ports = self._first_ports, None
        if ports is None:
            return VersionServer(version, self._place, self._place.free_ports(), fixed_ports=False)
        return VersionServer(version, self._place, ports, fixed_ports=True)

    def _refuse_hopeless(self, named: tuple[str, ...]) -> None:
        """A start that serves nothing is a failure, told to whoever started this; later failures are waited out."""
        self._has_served = self._has_served or any(server.serves for server in self._servers.values())
        servers = [self._servers.get(version) for version in named]
        if not self._has_served and all(server is not None and server.refusal for server in servers):
            assert servers[0] is not None
            raise NothingServed(servers[0].refusal)

    def _end_all(self) -> None:
        """All at once, without a grace for gateways: a platform ends as a whole."""
        now_s = time.monotonic()
        for leaving in self._leaving:
            leaving.hurry(now_s)
        left = [*self._leaving, *(server.leave(now_s, 0.0, self._end_s) for server in self._servers.values())]
        while left := [each for each in left if not each.gone(time.monotonic())]:
            time.sleep(0.05)
