"""Kill servers at random moments under load, start them again, and hold every count to the ledger."""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from loadtests.live.compare import compare, first_difference
from loadtests.live.counted import CountedState, history_counts
from loadtests.live.ledger import Ledger
from loadtests.live.makers import PurchaseMaker
from loadtests.live.places import Place, make_place
from loadtests.live.senders import CallSender, Sender, StreamSender
from loadtests.live.servers import Broker, Gateway, Redis, Server, Stream
from strata.errors import StrataError
from strata.settings import Settings

Say = Callable[[str], None]
PAUSE_S: Final = 1.2
"""A server is killed at most this long after the last one had recovered."""
HASTY: Final = 0.2
"""The share of kills after which the next does not wait for the recovery: servers are killed while they start."""
RECOVERY_S: Final = 90.0
SETTLE_S: Final = 90.0
FLUSH_S: Final = "0.7"
"""The stream writes its history this often, so that kills meet it at work."""
LOOK_S: Final = 0.25


@dataclass(frozen=True)
class Trial:
    """What to do."""

    kills: int
    seed: int
    log: str
    state: str
    with_gateway: bool
    rate: float
    users: int


@dataclass
class Outcome:
    """What happened."""

    kills: Counter[str] = field(default_factory=Counter)
    hasty: int = 0
    """Kills that were not waited for."""
    ended: Counter[str] = field(default_factory=Counter)
    """Servers that ended by themselves when another was killed, and were started again."""
    to_acknowledged_s: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    to_counted_s: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    seconds: float = 0.0
    differences: list[str] = field(default_factory=list)
    """Sentences; none when everything is as it should be."""


class CrashTrial:
    """One trial, from empty home to verdict."""

    def __init__(self, settings: Settings, trial: Trial, folder: Path, say: Say) -> None:
        self._trial, self._say = trial, say
        told = {"STREAM__HISTORY_FLUSH_S": FLUSH_S, "STREAM__RECENT_IDS": "2000"}
        self._place = make_place(settings, folder, log=trial.log, state=trial.state, **told)
        self._chance = random.Random(trial.seed)
        self.ledger = Ledger()
        self.outcome = Outcome()
        self._servers: list[Server] = []

    def run(self) -> Outcome:
        """Do it. Raises StrataError when a server does not come back."""
        began_s = time.monotonic()
        with ExitStack() as stack:
            self._servers = [stack.enter_context(server) for server in self._make_servers()]
            counted = CountedState(self._place.home / "registry.db", self._place.state_address)
            stack.callback(counted.close)
            senders = self._start_senders()
            try:
                for number in range(self._trial.kills):
                    self._kill_one(number, counted)
                self._settle(senders, counted)
            finally:
                for sender in senders:
                    sender.end()
            self._compare(counted)
        self.outcome.seconds = time.monotonic() - began_s
        return self.outcome

    def _make_servers(self) -> list[Server]:
        place, trial = self._place, self._trial
        kinds: list[tuple[bool, Callable[[Place], Server]]] = [
            (trial.state == "redis", Redis), (trial.log == "kafka", Broker),
            (True, Stream), (trial.with_gateway, Gateway),
        ]  # fmt: skip
        return [make(place) for wanted, make in kinds if wanted]

    def _start_senders(self) -> list[Sender]:
        trial, ledger, direct = self._trial, self.ledger, f"127.0.0.1:{self._place.stream_port}"
        other = f"127.0.0.1:{self._place.gateway_port}" if trial.with_gateway else direct
        users = [f"user-{number}" for number in range(trial.users)]

        def maker(name: str) -> PurchaseMaker:
            return PurchaseMaker(name, trial.seed, users, ledger)

        senders = [
            StreamSender("stream", direct, maker("s"), ledger, rate=trial.rate / 2, batch=20),
            CallSender("call", direct, maker("c"), ledger, rate=trial.rate / 4, batch=5),
            CallSender(
                "gateway" if trial.with_gateway else "call-2", other, maker("g"), ledger, rate=trial.rate / 4, batch=10
            ),
        ]
        for sender in senders:
            sender.start()
        if ledger.await_sent_after(0.0, RECOVERY_S) is None:
            raise StrataError(ledger.fault or "no event was acknowledged")
        return senders

    def _kill_one(self, number: int, counted: CountedState) -> None:
        chance, outcome = self._chance, self.outcome
        time.sleep(chance.uniform(0.0, PAUSE_S))
        victim = chance.choice(self._servers)
        moment_s = time.monotonic()
        if isinstance(victim, Gateway) and chance.random() < 0.5 and (workers := victim.workers()):
            chance.choice(workers).kill()
        else:
            victim.kill()
            victim.start()
        outcome.kills[victim.name] += 1
        if chance.random() < HASTY and number + 1 < self._trial.kills:
            outcome.hasty += 1
            return
        self._say(f"kill {number + 1} of {self._trial.kills}: {victim.name}; {len(self.ledger.acknowledged):,} events")
        self._await_recovery(victim, moment_s, counted)

    def _await_recovery(self, victim: Server, moment_s: float, counted: CountedState) -> None:
        deadline = moment_s + RECOVERY_S
        while not victim.serves():
            self._mend(deadline, victim)
        if isinstance(victim, Gateway):
            self.outcome.to_acknowledged_s[victim.name].append(time.monotonic() - moment_s)
            return
        while (answer := self.ledger.await_sent_after(moment_s, LOOK_S)) is None:
            self._mend(deadline, victim)
        self.outcome.to_acknowledged_s[victim.name].append(answer.at_s - moment_s)
        while (seen_s := counted.await_counted(answer.users, answer.recorded_us, LOOK_S)) is None:
            self._mend(deadline, victim)
        self.outcome.to_counted_s[victim.name].append(seen_s - moment_s)

    def _mend(self, deadline: float, waited_for: Server) -> None:
        """Start what ended by itself, as whoever runs servers would. Raises StrataError past the deadline."""
        if self.ledger.fault:
            raise StrataError(self.ledger.fault)
        for server in self._servers:
            if server.has_ended():
                self.outcome.ended[server.name] += 1
                self._say(f"{server.name} ended by itself: {server.last_words().splitlines()[-1:]}")
                server.start()
        if time.monotonic() > deadline:
            raise StrataError(
                f"{waited_for.name} had not recovered after {RECOVERY_S:.0f} s; last words:\n{waited_for.last_words()}"
            )
        time.sleep(0.02)

    def _settle(self, senders: Sequence[Sender], counted: CountedState) -> None:
        """Let every event be acknowledged and counted, then end the stream in order."""
        self._say("waiting until everything is acknowledged and counted")
        deadline = time.monotonic() + SETTLE_S
        stream = next(server for server in self._servers if isinstance(server, Stream))
        for sender in senders:
            sender.end()
        while any(sender.is_alive() for sender in senders):
            self._mend(deadline, stream)
        while self._different(counted) and time.monotonic() < deadline:
            self._mend(deadline + LOOK_S, stream)
            time.sleep(LOOK_S)
        code = stream.stop()
        if code:
            self.outcome.differences.append(f"the stream ended with {code}: {stream.last_words()}")

    def _different(self, counted: CountedState) -> str | None:
        expected = self.ledger.expected()
        try:
            return first_difference(expected, counted.counts(list(expected)))
        except StrataError:  # a server is on its way back
            return "?"

    def _compare(self, counted: CountedState) -> None:
        ledger = self.ledger
        found = counted.counts(list(ledger.expected()))
        targets = {visitor: counted.target(visitor) for visitor in ledger.aliases}
        self.outcome.differences += compare(ledger, found, targets, history_counts(self._place.home / "history"))
