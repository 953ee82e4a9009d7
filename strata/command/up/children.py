"""The servers of a platform, each a `strata` command one could start by hand."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from strata.command.up.tether import NICE_VARIABLE
from strata.errors import SettingsInvalid
from strata.processes.logs import append_log, open_log
from strata.processes.orphans import CHILD_VARIABLE
from strata.processes.parent import PARENT_VARIABLE
from strata.settings import Settings

BEHIND = frozenset({"parity", "feed"})
NICENESS = 10
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


def platform_children(settings: Settings, environ: Mapping[str, str]) -> list[Child]:
    """A remote segmenter's follower, the stream process, the gateway, the report page, the feeder."""
    remote = [name for name, segmenter in settings.segmenters.items() if segmenter.placement == "remote"]
    if len(remote) > 1:
        raise SettingsInvalid(
            f"strata up starts one Bento server, and {', '.join(remote)} are remote; "
            "place all but one of them embedded, or start their servers yourself (strata bento serve NAME)"
        )
    planned: list[tuple[str, str, tuple[str, ...]]] = [
        ("bento", f"follower of {name}'s releases", ("bento", "follow", name)) for name in remote
    ]
    planned += [
        ("stream", "stream process", ("stream", "run")),
        ("gateway", "gateway", ("serve",)),
        ("monitor", "report page", ("monitor", "serve")),
        ("parity", "parity sample", _parity(settings)),
    ]
    if settings.clock.mode != "system":
        planned.append(("feed", "feeder of the demonstration's year", ("stream", "feed-demo")))
    return [
        Child(name, title, words, settings.run / f"{name}.log", environ, NICENESS if name in BEHIND else 0)
        for name, title, words in planned
    ]


def _parity(settings: Settings) -> tuple[str, ...]:
    """A small sample of users, again and again: are the values online those of the history? Its metrics are borrowed
    by the stream process's page."""
    metrics = ("--metrics-file", str(settings.parity_metrics))
    return ("features", "parity", "--live", "--every", PARITY_EVERY, "--pairs", PARITY_USERS, *metrics)


def spawn(child: Child, *, again: bool) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own, so that a terminal's Ctrl-C reaches only the supervisor."""
    environ = {**child.environ, CHILD_VARIABLE: child.name, PARENT_VARIABLE: str(os.getpid())}
    if child.niceness:
        environ[NICE_VARIABLE] = str(child.niceness)
    with append_log(child.log) if again else open_log(child.log) as log:
        return subprocess.Popen(
            [sys.executable, "-m", "strata.command.up.tether", *child.arguments],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environ, start_new_session=True,
        )  # fmt: skip
