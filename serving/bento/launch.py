"""Start BentoML's own server on a Bento, in this process's place."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Any, Final, NoReturn

import yaml

from strata.errors import AlreadyRunning
from strata.settings import PREFIX, Settings

HOMES_VARIABLE: Final = "_STRATA_BENTO_HOMES"
"""The folder in which a server makes its home, when whoever started it will clear that away; else the run folder."""


def serve_bento(settings: Settings, tag: str) -> NoReturn:
    """Replace this process by `bentoml serve TAG`; signals then reach it directly.

    Raises AlreadyRunning, before anything starts, when a port is taken: BentoML itself would respawn its workers
    for ever, and two servers sharing a port by SO_REUSEPORT would answer in turns.
    """
    bento = settings.bento
    check_port(bento.host, bento.http_port, "STRATA_BENTO__HTTP_PORT")
    check_port(bento.host, bento.grpc_port, "STRATA_BENTO__GRPC_PORT")
    home = server_home(settings, tag)
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith(PREFIX)},
        "BENTOML_HOME": str(home),
        "BENTOML_DO_NOT_TRACK": "True",
        "BENTOML_CONFIG_OPTIONS": f"services.strata_segmenter.workers={bento.workers}",
        "STRATA_SETTINGS": str(write_settings(settings, home, knows_tracing=knows_tracing(settings, tag))),
    }
    grace = max(1, round(settings.gateway.drain_s))
    command = [
        sys.executable, "-m", "bentoml", "serve", tag, "--host", bento.host, "--port", str(bento.http_port),
        "--timeout-graceful-shutdown", str(grace),
    ]  # fmt: skip
    sys.stdout.flush()
    os.execve(command[0], command, environ)


def write_settings(settings: Settings, folder: Path, *, knows_tracing: bool = False) -> Path:
    """The few settings a worker reads, in a file of its own; every other STRATA_* setting stays out of its sight.

    A Bento holds the Strata it was built with, and refuses keys that Strata did not know: a platform updated since
    would otherwise keep every Bento built before from starting.
    """
    gateway = {"drain_s": settings.gateway.drain_s, "max_connection_age_s": settings.gateway.max_connection_age_s}
    bento = {"host": settings.bento.host, "grpc_port": settings.bento.grpc_port}
    told: dict[str, Any] = {"home": str(settings.home), "bento": bento, "gateway": gateway}
    if knows_tracing and settings.tracing.endpoint:
        # It goes on with traces and begins none: what is asked of it is asked by a gateway.
        told["tracing"] = {"endpoint": settings.tracing.endpoint, "sample_ratio": 0.0}
    path = folder / "strata.yaml"
    path.write_text(yaml.safe_dump(told), encoding="utf-8")
    return path


def knows_tracing(settings: Settings, tag: str) -> bool:
    """Whether the Strata inside a Bento, `segmenter:version`, is one that traces."""
    name, _, version = tag.partition(":")
    return (settings.bentoml_home / "bentos" / name / version / "src" / "strata" / "tracing").is_dir()


def check_port(host: str, port: int, variable: str) -> None:
    """Raise AlreadyRunning when nothing could listen there."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise AlreadyRunning(
                f"{host}:{port} cannot be listened on ({error.strerror}); stop what uses it or set {variable}"
            ) from None


def server_home(settings: Settings, tag: str) -> Path:
    """A home of this server's own over the shared store: BentoML empties a home's metrics when it starts."""
    folder = Path(os.environ.get(HOMES_VARIABLE, settings.run))
    home = home_folder(folder, tag.partition(":")[0], settings.bento.http_port)
    home.mkdir(parents=True, exist_ok=True)
    for shared in ("models", "bentos"):
        link = home / shared
        if not link.is_symlink():
            link.symlink_to(settings.bentoml_home.resolve() / shared, target_is_directory=True)
    return home


def home_folder(folder: Path, segmenter: str, http_port: int) -> Path:
    """Where that home is, in the folder of homes."""
    return folder / f"bento-{segmenter}-{http_port}"
