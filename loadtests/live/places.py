"""A scratch home for live proofs: the definitions and packages of the prepared one, and nothing that happened."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from loadtests.bench.processes import free_port
from strata.errors import InputInvalid
from strata.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Place:
    """One home, the ports of its servers, and what a process of it is told."""

    folder: Path
    log: str
    """`embedded` or `kafka`."""
    state: str
    """`lmdb` or `redis`."""
    environ: dict[str, str]
    stream_port: int = field(default_factory=free_port)
    stream_metrics_port: int = field(default_factory=free_port)
    gateway_port: int = field(default_factory=free_port)
    redis_port: int = field(default_factory=free_port)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def state_address(self) -> Path | str:
        """As `strata.state.open_state` takes it."""
        return f"redis://127.0.0.1:{self.redis_port}/0" if self.state == "redis" else self.home / "state"

    def told(self) -> dict[str, str]:
        """The environment of every process of this home."""
        url = str(self.state_address) if self.state == "redis" else ""
        ports = {
            "STREAM__PORT": self.stream_port,
            "STREAM__METRICS_PORT": self.stream_metrics_port,
            "GATEWAY__PORT": self.gateway_port,
            "GATEWAY__METRICS_PORT": 0,
        }
        values = {"HOME": str(self.home), "STATE_URL": url, "LOG__KIND": self.log, **ports}
        return {f"STRATA_{key}": str(value) for key, value in values.items()} | self.environ


def make_place(settings: Settings, folder: Path, *, log: str, state: str, **told: str) -> Place:
    """An empty home below `folder`. `told` are further settings, e.g. STREAM__HISTORY_FLUSH_S="1".

    Raises InputInvalid when the prepared home has no definitions.
    """
    if not settings.registry.exists():
        raise InputInvalid(f"{settings.home} has no registry.db; prepare it with `strata up --prepare-only`")
    home = folder / "home"
    home.mkdir(parents=True)
    shutil.copy(settings.registry, home)
    if settings.packages.exists():
        (home / "packages").symlink_to(settings.packages.resolve())
    (folder / "strata.yaml").write_text("{}\n", encoding="utf-8")
    embedded = {f"SEGMENTERS__{name.upper()}__PLACEMENT": "embedded" for name in settings.segmenters}
    fixed = {"REPO": str(settings.repo), "SETTINGS": str(folder / "strata.yaml"), "GATEWAY__WORKERS": "1"}
    environ = {f"STRATA_{key}": value for key, value in (embedded | fixed | told).items()}
    return Place(folder, log, state, environ)
