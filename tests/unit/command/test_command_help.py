"""`strata` itself: its help, its errors, and what it must not import."""

from __future__ import annotations

import subprocess
import sys

import pytest

from strata.command import main
from strata.command.catalog import entry_names, find_entry
from strata.command.dispatch import overview

HEAVY = ("typer", "pydantic", "grpc", "numpy", "pandas", "pyarrow", "feast", "bentoml", "sklearn", "lightgbm", "yaml")


def test_help_names_every_command_once() -> None:
    """The overview shows each sub-command with a sentence."""
    lines = [line.split()[0] for line in overview().splitlines() if line.startswith("  ") and line.split()]
    assert [name for name in lines if find_entry(name)] == entry_names()
    assert len(set(entry_names())) == len(entry_names())


def test_help_imports_no_room_and_nothing_heavy() -> None:
    """`strata --help` loads neither a room nor a library that takes longer than the help itself."""
    rooms = ("streaming", "feature_repo", "training", "serving", "monitoring", "loadtests")
    script = (
        "import sys; from strata.command import main; assert main(['--help']) == 0;"
        f"print('LOADED', [name for name in {HEAVY + rooms!r} if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "LOADED []"


def test_an_unknown_command_is_refused_with_the_nearest_one(capsys: pytest.CaptureFixture[str]) -> None:
    """A slip of the keyboard is met with the name that was meant and exit code 2."""
    assert main(["segmnet"]) == 2
    assert capsys.readouterr().err == "strata: there is no command 'segmnet'; did you mean 'segment'?\n"


def test_no_arguments_teach() -> None:
    """`strata` alone is a question, not a mistake."""
    assert main([]) == 0


def test_version_is_an_object_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    """`strata version --json` prints one JSON object."""
    import json

    assert main(["version", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["strata"] == "0.1.0"


def test_a_wrong_option_is_the_callers_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    """An option nobody knows ends with 2 and a sentence on standard error."""
    assert main(["version", "--colour"]) == 2
    assert "--colour" in capsys.readouterr().err


@pytest.mark.parametrize("argument", [["--settings"], ["--settings", "/nowhere/strata.yaml", "up"]])
def test_a_settings_file_that_is_not_there(
    argument: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--settings` without a file, or with one that does not exist, is one sentence and exit code 2."""
    monkeypatch.setenv("STRATA_SETTINGS", "")
    assert main(argument) == 2
    said = capsys.readouterr().err
    assert said.startswith("strata: ")
    assert len(said.splitlines()) == 1
