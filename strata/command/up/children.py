"""The servers of a platform, each a `strata` command one could start by hand."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from strata.command.up.tether import NICE_VARIABLE
from strata.processes.frugal import FRUGAL
from strata.processes.logs import append_log, open_log
from strata.processes.orphans import CHILD_VARIABLE
from strata.processes.parent import PARENT_VARIABLE
from strata.settings import Settings

BEHIND = frozenset({"parity", "feed"})
NICENESS = 10
ANY_PORTS = {"STRATA_BENTO__HTTP_PORT": "0", "STRATA_BENTO__GRPC_PORT": "0"}
PARITY_EVERY = "60s"
PARITY_USERS = "50"
"""Less than 1 % of a core: a look at 50 users takes about a second."""


@dataclass(frozen=True)
class Child:
    """One server process to keep alive."""

    name: str
    title: str
    arguments: tuple[str, ...]
    """What one would type after `strata`."""
    log: Path
    environ: Mapping[str, str]
    niceness: int = 0
    """Above 0 for one that must not be in the way of answers."""
    own: Mapping[str, str] = field(default_factory=dict)
    """What its environment has beyond, or in place of, what all share."""


def platform_children(settings: Settings, environ: Mapping[str, str]) -> list[Child]:
    """A follower for each remote segmenter, the stream process, the gateway, the report page, the feeder."""
    planned: list[tuple[str, str, tuple[str, ...]]] = [
        ("stream", "stream process", ("stream", "run")),
        ("gateway", "gateway", ("serve",)),
        ("monitor", "report page", ("monitor", "serve")),
        ("parity", "parity sample", _parity(settings)),
    ]
    if settings.clock.mode != "system":
        planned.append(("feed", "feeder of the demonstration's year", ("stream", "feed-demo")))
    return _followers(settings, environ) + [
        Child(name, title, words, settings.run / f"{name}.log", environ, NICENESS if name in BEHIND else 0)
        for name, title, words in planned
    ]


def _followers(settings: Settings, environ: Mapping[str, str]) -> list[Child]:
    """The first one's first server has the settings' ports; those of others are found by their address files."""
    remote = [name for name, segmenter in settings.segmenters.items() if segmenter.placement == "remote"]
    return [
        Child(
            f"bento-{name}" if index else "bento", f"follower of {name}'s releases", ("bento", "follow", name),
            settings.run / (f"bento-{name}.log" if index else "bento.log"), environ, own=ANY_PORTS if index else {},
        )
        for index, name in enumerate(remote)
    ]  # fmt: skip


def _parity(settings: Settings) -> tuple[str, ...]:
    """A small sample of users, again and again: are the values online those of the history? Its metrics are borrowed
    by the stream process's page."""
    metrics = ("--metrics-file", str(settings.parity_metrics))
    return ("features", "parity", "--live", "--every", PARITY_EVERY, "--pairs", PARITY_USERS, *metrics)


def spawn(child: Child, *, again: bool) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own, so that a terminal's Ctrl-C reaches only the supervisor."""
    environ = {**FRUGAL, **child.environ, **child.own, CHILD_VARIABLE: child.name, PARENT_VARIABLE: str(os.getpid())}
    if child.niceness:
        environ[NICE_VARIABLE] = str(child.niceness)
    with append_log(child.log) if again else open_log(child.log) as log:
        return subprocess.Popen(
            [sys.executable, "-m", "strata.command.up.tether", *child.arguments],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environ, start_new_session=True,
        )  # fmt: skip
