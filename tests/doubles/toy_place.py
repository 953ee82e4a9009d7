"""A machine on which servers are objects: they answer, die and speak when a test says so."""

from __future__ import annotations

from dataclasses import dataclass, field

from serving.follow.place import Ports


@dataclass
class ToyServer:
    """One start of a server."""

    version: str
    ports: Ports
    again: bool
    pid: int = 1
    code: int | None = None
    asked: bool = False

    def poll(self) -> int | None:
        return self.code

    def terminate(self) -> None:
        self.asked = True

    def kill(self) -> None:
        self.code = -9


@dataclass
class ToyPlace:
    """Remembers every start, and what gateways can read."""

    started: list[ToyServer] = field(default_factory=list)
    published: dict[str, Ports] = field(default_factory=dict)
    answering: set[str] = field(default_factory=set)
    left: list[int] = field(default_factory=list)
    words: str = "its model.txt is damaged"
    cleared: list[Ports] = field(default_factory=list)
    full: bool = False
    """The disk: no log can be opened, no address written."""
    _given: int = 100

    def of(self, version: str) -> ToyServer:
        """The version's last start."""
        return next(each for each in reversed(self.started) if each.version == version)

    def free_ports(self) -> Ports:
        self._given += 2
        return Ports(self._given, self._given + 1)

    def start(self, version: str, ports: Ports, *, again: bool) -> ToyServer:
        self._write()
        self.started.append(ToyServer(version, ports, again))
        return self.started[-1]

    def answers(self, version: str, ports: Ports) -> bool:
        return version in self.answering and self.of(version).ports == ports

    def leftovers(self, version: str, ports: Ports) -> list[int]:
        return self.left

    def trim(self, version: str) -> None:
        pass

    def last_words(self, version: str) -> str:
        return self.words

    def publish(self, version: str, ports: Ports) -> str:
        self._write()
        self.published[version] = ports
        return f"127.0.0.1:{ports.grpc}"

    def withdraw(self, version: str) -> None:
        self.published.pop(version, None)

    def clear(self, ports: Ports) -> None:
        self.cleared.append(ports)

    def _write(self) -> None:
        if self.full:
            raise OSError("no space left")
