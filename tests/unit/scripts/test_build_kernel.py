"""Building the C kernel: with a compiler, without one, and with one that fails."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np
import pytest

from strata.features import native_source
from strata.features.layout import Layout
from strata.features.native_library import NativeLibrary

ROOT = Path(__file__).resolve().parents[3]
NONE = np.zeros(0, dtype=np.int64)


@pytest.fixture(name="script")
def script_(tmp_path: Path) -> dict[str, Any]:
    """The script's names, building into a folder of this test."""
    script = runpy.run_path(str(ROOT / "scripts" / "build_kernel.py"))
    main = script["main"]
    assert isinstance(main, FunctionType)
    names: dict[str, Any] = main.__globals__
    names["VENV"] = tmp_path
    return names


def compiler(folder: Path, body: str) -> None:
    """A `cc` that does this and nothing else."""
    found = folder / "cc"
    found.write_text(f"#!/bin/sh\n{body}\n", encoding="ascii")
    found.chmod(0o755)


def test_a_library_that_is_there_is_left_alone(script: dict[str, Any], tmp_path: Path) -> None:
    """Setting up again costs nothing."""
    library = native_source.library(str(tmp_path))
    library.parent.mkdir(parents=True)
    library.write_bytes(b"as it was")
    assert script["main"]() == 0
    assert library.read_bytes() == b"as it was"


def test_any_compiler_of_this_machine_builds_the_library(script: dict[str, Any], tmp_path: Path) -> None:
    """It loads, and nothing but it is left behind."""
    if not any(map(shutil.which, ("cc", "gcc", "clang"))):
        pytest.skip("THERE IS NO C COMPILER HERE, so nothing was built")
    assert script["main"]() == 0
    library = native_source.library(str(tmp_path))
    assert NativeLibrary(library).fold_users(Layout("t", 10, 10, 10, ()), [], [], NONE, NONE) is not None
    assert list(library.parent.iterdir()) == [library]


@pytest.mark.parametrize(
    "body_and_sentence",
    [
        ("echo no such header >&2; exit 1", "no such header"),
        ("while [ $1 != -o ]; do shift; done; echo rubbish > $2", "file too short"),
        ("exit 1", "exit 1"),
    ],
)
def test_a_compiler_that_fails_leaves_the_twin_and_a_sentence(
    script: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    body_and_sentence: tuple[str, str],
) -> None:
    """Set-up goes on, nothing half-built is left, and it is said why."""
    body, sentence = body_and_sentence
    compiler(tmp_path, body)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("CC", str(tmp_path / "cc"))
    monkeypatch.setitem(script, "_fetch_zig", lambda folder: False)
    monkeypatch.setattr(script["shutil"], "which", lambda name: name if name == str(tmp_path / "cc") else None)
    assert script["main"]() == 0
    said = capfd.readouterr().err
    assert sentence in said
    assert "the pure Python one does the same work" in said
    assert list((tmp_path / "lib" / "strata").iterdir()) == []


def test_without_a_compiler_one_is_fetched_checked_by_its_hash(
    script: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Only the pinned wheel, only with its hash, only into the scratch folder; and without it the twin works."""
    commands: list[list[str]] = []

    def refuse(command: list[str], **_: Any) -> None:
        commands.append(command)
        raise OSError("no network")

    monkeypatch.setattr(script["shutil"], "which", lambda name: None)
    monkeypatch.setattr(script["subprocess"], "run", refuse)
    monkeypatch.delenv("CC", raising=False)
    assert script["main"]() == 0
    assert len(commands) == 1
    assert {"--require-hashes", "--no-deps"} <= set(commands[0])
    assert str(tmp_path / "lib" / "strata") in commands[0][commands[0].index("--target") + 1]
    assert "there is no C compiler" in capfd.readouterr().err


def test_the_pinned_compiler_has_hashes_and_no_address() -> None:
    """Where it comes from is the machine's configuration, what it is is ours."""
    lock = (ROOT / "scripts" / "ziglang.txt").read_text(encoding="ascii")
    assert "ziglang==" in lock
    assert lock.count("--hash=sha256:") >= 2
    assert "://" not in lock


def test_the_name_of_the_library_follows_every_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library of other sources is never loaded."""
    before = native_source.digest()
    copies = tuple(shutil.copytree(folder, tmp_path / str(i)) for i, folder in enumerate(native_source.FOLDERS))
    monkeypatch.setattr(native_source, "FOLDERS", copies)
    assert native_source.digest() == before
    for path in sorted(tmp_path.rglob("*.[ch]")):
        held = path.read_bytes()
        path.write_bytes(held + b"\n")
        assert native_source.digest() != before
        path.write_bytes(held)
