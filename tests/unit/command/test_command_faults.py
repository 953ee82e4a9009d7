"""What a person reads when a command fails."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from strata.command import main
from strata.command.catalog import Entry
from strata.command.locate import locate_command
from strata.errors import AlreadyRunning, DefinitionInvalid, InputInvalid, SettingsInvalid, StrataError
from strata.faults import explain


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingsInvalid("a"), 2),
        (DefinitionInvalid("a"), 2),
        (InputInvalid("a"), 2),
        (AlreadyRunning("a"), 1),
        (StrataError("a"), 1),
    ],
)
def test_an_error_of_the_tree_is_its_own_sentence(error: StrataError, code: int) -> None:
    """Errors of the tree print as they are; only the caller's own mistakes exit with 2."""
    assert explain(error) == ("a", code)


def test_an_unforeseen_error_leaves_its_trace_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anything else becomes one sentence that says where the trace is."""
    monkeypatch.setenv("STRATA_HOME", str(tmp_path / "home"))
    try:
        raise ZeroDivisionError("by nought\nsecond line")
    except ZeroDivisionError as error:
        sentence, code = explain(error)
    trace = tmp_path / "home" / "run" / "strata-error.log"
    assert code == 1
    assert sentence == f"something unforeseen happened (ZeroDivisionError: by nought); the trace is in {trace}"
    assert "raise ZeroDivisionError" in trace.read_text(encoding="utf-8")


def test_a_trace_finds_another_place_when_the_settings_are_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken settings do not hide the trace of something else."""
    monkeypatch.setenv("STRATA_NONSENSE", "1")
    sentence, _ = explain(ValueError("x"))
    assert Path(sentence.split("the trace is in ")[1]).is_file()


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (InputInvalid("no such file"), 2, "strata: no such file\n"),
        (StrataError("it broke"), 1, "strata: it broke\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_a_commands_error_becomes_an_exit_code(
    raised: BaseException,
    code: int,
    said: str,
    planted_command: Callable[[BaseException], str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What a sub-command raises reaches the caller as one sentence on standard error and a code."""
    name = planted_command(raised)
    assert main([name]) == code
    assert capsys.readouterr().err.replace("Aborted.\n", "").lstrip("\n") == said


@pytest.fixture
def planted_command(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], str]:
    """Make a command `planted` that raises."""

    def plant(raised: BaseException) -> str:
        def command() -> None:
            raise raised

        module = types.ModuleType("planted_command_module")
        module.command = command  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)
        entry = Entry("planted", "", f"{module.__name__}:command")
        monkeypatch.setattr("strata.command.dispatch.find_entry", lambda _: entry)
        return entry.name

    return plant


def test_a_room_whose_packages_are_not_installed_says_so() -> None:
    """A missing optional package is a sentence that names it, not a trace."""
    with pytest.raises(StrataError, match="needs no_such_room, which is not installed here"):
        locate_command(Entry("x", "", "no_such_room:app"))
