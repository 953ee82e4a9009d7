"""What a Bento holds: the package, pinned; our code; a Dockerfile for all three ports; no index address."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml
from bento_process import bento_command
from toy_package import write_toy_promo

from strata.runtime import load_package

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose Bento of the first of two versions was built, and then that of the second."""
    made = tmp_path_factory.mktemp("home")
    first = write_toy_promo(made / "packages")
    assert bento_command(made, "build", "toy_promo").wait(120) == 0
    write_toy_promo(made / "packages", description="A later one.")
    assert bento_command(made, "build", "toy_promo").wait(120) == 0
    (made / "first").write_text(first.name, encoding="utf-8")
    return made


def _bento(home: Path) -> tuple[str, Path]:
    version = (home / "first").read_text(encoding="utf-8")
    return version, home / "bentoml" / "bentos" / "toy_promo" / version


def test_a_bento_pins_the_exact_version_it_was_built_from(home: Path) -> None:
    """Named by the package's version, and still on it after a later one was built."""
    version, bento = _bento(home)
    pinned = yaml.safe_load((bento / "bento.yaml").read_text(encoding="utf-8"))["models"]
    assert [(one["tag"], one["alias"]) for one in pinned] == [(f"toy_promo:{version}", "package")]
    assert load_package(home / "bentoml" / "models" / "toy_promo" / version).manifest.version == version


def test_building_again_changes_nothing(home: Path) -> None:
    """The second build of a version finds everything there."""
    _, bento = _bento(home)
    before = (bento / "bento.yaml").stat().st_mtime_ns
    assert bento_command(home, "build", "toy_promo", "--version", bento.name).wait(120) == 0
    assert (bento / "bento.yaml").stat().st_mtime_ns == before


def test_the_dockerfile_exposes_the_grpc_port_and_installs_what_a_worker_imports(home: Path) -> None:
    """HTTP, metrics and gRPC ports; pinned packages; LightGBM's OpenMP; no index address, no path of this machine."""
    _, bento = _bento(home)
    dockerfile = (bento / "env" / "docker" / "Dockerfile").read_text(encoding="utf-8")
    assert {"EXPOSE 3000", "EXPOSE 3001", "EXPOSE 7411"} <= set(dockerfile.splitlines())
    assert "libgomp1" in dockerfile
    requirements = (bento / "env" / "python" / "requirements.txt").read_text(encoding="utf-8")
    assert {"lightgbm==4.7.0", "bentoml==1.4.39"} <= set(requirements.splitlines())
    everything = "".join(
        p.read_text(encoding="utf-8") for p in [*bento.glob("env/**/*.*"), bento / "bento.yaml"] if p.is_file()
    )
    assert "http://" not in everything
    assert "index-url" not in requirements
    assert str(home) not in everything


def test_a_bento_carries_only_what_a_worker_needs(home: Path) -> None:
    """The contract, the runtime and the service; not training, not the gateway, not the command."""
    _, bento = _bento(home)
    rooms = {path.name for path in (bento / "src").iterdir()}
    assert rooms == {"strata", "serving", "bentofile.yaml"}
    assert {path.name for path in (bento / "src" / "serving").iterdir()} == {"__init__.py", "bento"}
    assert not (bento / "src" / "strata" / "command").exists()


def test_an_export_holds_the_model(home: Path, tmp_path: Path) -> None:
    """`bentoml export` makes one file with the package inside: what a container is built from."""
    version, _ = _bento(home)
    target = tmp_path / "toy.bento"
    environ = os.environ | {"BENTOML_HOME": str(home / "bentoml"), "BENTOML_DO_NOT_TRACK": "True"}
    command = [sys.executable, "-m", "bentoml", "export", f"toy_promo:{version}", str(target)]
    subprocess.run(command, env=environ, check=True, capture_output=True, timeout=120)
    with tarfile.open(target) as archive:
        names = {name.removeprefix("./") for name in archive.getnames()}
    assert {f"models/toy_promo/{version}/{name}" for name in ("manifest.json", "model.txt")} <= names
    assert {"env/docker/Dockerfile", "src/serving/bento/service.py"} <= names


def test_a_damaged_package_is_not_built(tmp_path: Path) -> None:
    """The command says what is wrong in one line and ends with 1."""
    folder = write_toy_promo(tmp_path / "packages")
    (folder / "model.txt").write_text("tree", encoding="utf-8")
    assert bento_command(tmp_path, "build", "toy_promo").wait(60) == 1
    said = (tmp_path / "bento.log").read_text(encoding="utf-8").strip()
    assert "model.txt is not the file the manifest lists" in said
    assert len(said.splitlines()) == 1
