"""What is soaked: `strata up` of a copied home, with ports of its own."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import psutil
import yaml

from loadtests.bench.processes import free_port
from loadtests.live.places import Place
from loadtests.live.servers import Server
from strata.command.up.exclusive import holder_of
from strata.errors import InputInvalid
from strata.processes.orphans import CHILD_VARIABLE
from strata.settings import Settings

COPIED: Final = (
    "registry.db", "releases.jsonl", "replayed.json", "state", "log", "history", "packages", "bentoml",
)  # fmt: skip
"""Of a home. Its predictions and reports are made anew, and so is what it says of running processes."""
SUPERVISOR: Final = "supervisor"


class Platform(Protocol):
    """Servers that can be asked, and looked at."""

    @property
    def gateway_address(self) -> str: ...

    @property
    def stream_address(self) -> str: ...

    @property
    def home(self) -> Path: ...

    def families(self) -> Mapping[str, Sequence[int]]:
        """The servers that run now, by name: each one's process, and those below it in the order they began."""
        ...


class WholePlatform(Server):
    """`strata up` of a place."""

    start_s = 300.0
    """What is not prepared is prepared first."""

    def __init__(self, place: Place) -> None:
        super().__init__("platform", place, sys.executable, "-m", "strata.command", "up")
        self.gateway_address = f"127.0.0.1:{place.gateway_port}"
        self.stream_address = f"127.0.0.1:{place.stream_port}"
        self.home = place.home

    def serves(self) -> bool:
        """Its ready line is printed when every part answers."""
        return any(line.startswith("ready ") for line in self.log.read_text(encoding="utf-8").splitlines())

    def families(self) -> dict[str, list[int]]:
        found = {SUPERVISOR: [self.pid]}
        for child in psutil.Process(self.pid).children():
            try:
                found[child.environ()[CHILD_VARIABLE]] = family_of(child)
            except (psutil.Error, KeyError):
                continue  # it has just begun, or just ended
        return found


def family_of(tree: psutil.Process) -> list[int]:
    """It and those below it, in the order they began. Raises psutil.NoSuchProcess when it has ended."""
    children = [(child.create_time(), child.pid) for child in tree.children(recursive=True)]
    return [tree.pid, *(process_id for _, process_id in sorted(children))]


def copy_home(settings: Settings, folder: Path, **told: str) -> Place:
    """The prepared home, copied; its settings but for ports. `told`: further settings,
    e.g. STREAM__RECENT_IDS="500". Raises InputInvalid when it is in use, or empty."""
    if not settings.registry.exists():
        raise InputInvalid(f"{settings.home} has no registry.db; prepare it with `strata up --prepare-only`")
    if holder := holder_of(settings.run):
        raise InputInvalid(
            f"a platform runs from {settings.home} (process {holder}); stop it first: what changes cannot be copied"
        )
    home = folder / "home"
    (home / "run").mkdir(parents=True)
    for path in [settings.home / name for name in COPIED]:
        if path.is_dir():
            shutil.copytree(path, home / path.name, symlinks=True)
        elif path.exists():
            shutil.copy(path, home)
    if (settings.run / "prepared.json").exists():
        shutil.copy(settings.run / "prepared.json", home / "run")
    return Place(
        folder, "embedded", "lmdb", _told(settings, folder) | {f"STRATA_{key}": value for key, value in told.items()}
    )


def _told(settings: Settings, folder: Path) -> dict[str, str]:
    document: dict[str, Any] = settings.model_dump(mode="json", exclude={"home", "state_url"})
    path = folder / "strata.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    ports = {f"STRATA_{key}": str(free_port()) for key in ("BENTO__HTTP_PORT", "BENTO__GRPC_PORT", "MONITOR__PORT")}
    return {"STRATA_SETTINGS": str(path)} | ports
