"""Set-up on a bare machine: what is done once, and what is said when it cannot be done."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, pointed at an empty folder with a lock of its own; commands are recorded, not run."""
    spec = importlib.util.spec_from_file_location("setup_environment", ROOT / "scripts" / "setup_environment.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "requirements.lock").write_bytes((ROOT / "requirements.lock").read_bytes())
    (tmp_path / "pyproject.toml").write_text("", encoding="utf-8")
    venv = tmp_path / ".venv"
    places = {"ROOT": tmp_path, "LOCK": tmp_path / "requirements.lock", "VENV": venv}
    places |= {"PYTHON": venv / "bin" / "python", "STAMP": venv / "strata-setup.stamp"}
    for name, place in places.items():
        monkeypatch.setattr(module, name, place)
    module.ran = []  # type: ignore[attr-defined]

    def record(*command: str, env: dict[str, str] | None = None) -> None:
        module.ran.append(command)
        if "venv" in command:
            (venv / "bin").mkdir(parents=True)
            (venv / "bin" / "python").touch()

    monkeypatch.setattr(module, "_run", record)
    return module


def _installs(setup: ModuleType) -> list[str]:
    return [" ".join(command) for command in setup.ran if "install" in command]


def test_a_second_run_does_nothing(setup: ModuleType) -> None:
    """The stamp says that this lock, interpreter and folder are set up."""
    assert setup.main() == 0
    done = len(setup.ran)
    assert done > 0
    assert setup.main() == 0
    assert len(setup.ran) == done


def test_a_changed_lock_is_installed(setup: ModuleType) -> None:
    """Another lock is another environment."""
    setup.main()
    setup.ran.clear()
    with setup.LOCK.open("a", encoding="utf-8") as lock:
        lock.write("# changed\n")
    assert setup.main() == 0
    assert _installs(setup)


def test_everything_from_the_lock_is_checked_against_its_hash(setup: ModuleType) -> None:
    """Whatever comes over the network is installed with hashes; the project itself without an index."""
    setup.main()
    assert all("--require-hashes" in one or "--no-index" in one for one in _installs(setup))


def test_pip_takes_over_when_uv_fails(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """uv that cannot be had, or refuses, costs time and nothing else."""
    recorded = setup._run

    def refuse_uv(*command: str, env: dict[str, str] | None = None) -> None:
        if command[0].endswith("/uv"):
            raise subprocess.CalledProcessError(2, command)
        recorded(*command, env=env)

    monkeypatch.setattr(setup, "_run", refuse_uv)
    assert setup.main() == 0
    assert any(one.endswith("-m pip --quiet --disable-pip-version-check install --no-deps --require-hashes -r "
                            f"{setup.LOCK}") for one in _installs(setup))  # fmt: skip


def test_a_failed_install_leaves_no_stamp(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A half-finished set-up is taken up again by the next run, and the sentence says so."""

    def fail(*command: str, env: dict[str, str] | None = None) -> None:
        raise subprocess.CalledProcessError(1, command)

    monkeypatch.setattr(setup, "_run", fail)
    assert setup.main() == 1
    assert not setup.STAMP.exists()
    assert "run it again to take it up" in capsys.readouterr().err


def test_a_python_without_ensurepip_is_told_what_to_install(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Debian splits venv off: the sentence names the package."""
    monkeypatch.setattr(setup.importlib.util, "find_spec", lambda _: None)
    assert setup.main() == 1
    assert "apt-get install python3.11-venv" in capsys.readouterr().err
    assert setup.ran == []


@pytest.mark.parametrize("told", ["/bin/false", "/nowhere/python3.11"])
def test_a_named_python_must_be_311(told: str) -> None:
    """Another version is refused by name instead of being replaced by one found elsewhere."""
    environ = {**os.environ, "PYTHON": told}
    ran = subprocess.run([ROOT / "scripts" / "setup.sh"], env=environ, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert ran.stderr == f"setup: PYTHON={told} is not a Python 3.11; name one that is\n"


def test_the_lock_is_hashed_and_names_no_address() -> None:
    """Every package has a hash; neither an index nor a path of the machine that wrote the lock is in it."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    packages = re.findall(r"^[a-z0-9][a-z0-9._-]*==.*(?:\n    --hash=.*)*", lock, re.MULTILINE)
    assert len(packages) > 100
    assert all("--hash=sha256:" in package for package in packages)
    assert "://" not in lock
    assert " /" not in lock
