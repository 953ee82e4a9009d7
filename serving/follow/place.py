"""What keeping a version's server needs of the machine. `BentoPlace` is the real one."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Ports(NamedTuple):
    """Where one server listens."""

    http: int
    grpc: int


class Process(Protocol):
    """A started server, as `subprocess.Popen` shows it."""

    pid: int

    def poll(self) -> int | None: ...

    def terminate(self) -> None: ...

    def kill(self) -> None: ...


class Place(Protocol):
    """Where the servers of one segmenter run."""

    def free_ports(self) -> Ports:
        """Two that nothing listens on now."""
        ...

    def start(self, version: str, ports: Ports, *, again: bool) -> Process:
        """Start a server; `again` when this version had one before, whose log is gone on with."""
        ...

    def answers(self, version: str, ports: Ports) -> bool:
        """Whether a server there says that it serves exactly this version. Takes a second at most; never raises."""
        ...

    def leftovers(self, version: str, ports: Ports) -> list[int]:
        """Ids of a server's processes, found by what they carry, whoever their parent is by now."""
        ...

    def trim(self, version: str) -> None:
        """Keep the version's log from growing for ever."""
        ...

    def last_words(self, version: str) -> str:
        """The last line of the version's log."""
        ...

    def publish(self, version: str, ports: Ports) -> str:
        """Tell gateways where the version is served; returns the address."""
        ...

    def withdraw(self, version: str) -> None:
        """Tell them that it is served no more."""
        ...

    def clear(self, ports: Ports) -> None:
        """Remove what a server that is gone has written for itself."""
        ...
