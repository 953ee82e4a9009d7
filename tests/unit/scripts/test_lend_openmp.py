"""A machine without OpenMP's library borrows scikit-learn's."""

from __future__ import annotations

import ctypes
import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]
BUNDLED = Path(importlib.util.find_spec("sklearn").origin).parents[1] / "scikit_learn.libs"  # type: ignore[union-attr, arg-type]


@pytest.fixture
def script() -> ModuleType:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("lend_openmp", ROOT / "scripts" / "lend_openmp.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Site-packages with scikit-learn's bundled library in it."""
    (tmp_path / "scikit_learn.libs").symlink_to(BUNDLED)
    return tmp_path


def test_nothing_is_lent_where_the_system_has_it(
    script: ModuleType, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what was lent before is taken back."""
    (site / "strata_openmp").mkdir()
    (site / "strata_openmp" / "libgomp.so.1").touch()
    (site / "strata_openmp.pth").touch()
    monkeypatch.setattr(script, "_system_has_it", lambda: True)
    assert script.main(site) == 0
    assert not (site / "strata_openmp.pth").exists()
    assert not (site / "strata_openmp" / "libgomp.so.1").exists()


def test_the_lent_library_loads_and_answers_to_the_wanted_name(
    script: ModuleType, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line of the .pth file runs, in a process of its own; the copy calls itself libgomp.so.1."""
    monkeypatch.setattr(script, "_system_has_it", lambda: False)
    assert script.main(site) == 0
    line = (site / "strata_openmp.pth").read_text(encoding="utf-8")
    subprocess.run([sys.executable, "-c", line], check=True)
    lent = ctypes.CDLL(str(site / "strata_openmp" / "libgomp.so.1"))
    assert lent.omp_get_max_threads() >= 1
    assert script.OWN_NAME.search((site / "strata_openmp" / "libgomp.so.1").read_bytes()) is None


def test_without_any_it_says_what_to_install(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No system library and none to borrow: a sentence with the package's name."""
    monkeypatch.setattr(script, "_system_has_it", lambda: False)
    assert script.main(tmp_path) == 1
    assert "apt-get install libgomp1" in capsys.readouterr().err
