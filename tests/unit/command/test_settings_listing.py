"""`strata settings` lists what is in force."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from strata.command import main


@pytest.fixture(autouse=True)
def _one_changed_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STRATA_GATEWAY__PORT", "7000")


def test_each_key_has_its_value_and_meaning(capsys: pytest.CaptureFixture[str]) -> None:
    """A changed value is starred, others are not; meanings come from the settings' own docstrings."""
    assert main(["settings"]) == 0
    lines = {line[2:].split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert lines["gateway.port"].split()[:3] == ["*", "gateway.port", "7000"]
    assert lines["gateway.workers"] == f"  {'gateway.workers':<42} {'0':<34} 0: one per core."
    assert lines["segmenters.value_tiers.placement"].split()[1] == "embedded"


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_password_in_an_address_is_not_shown(
    options: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither to people nor to programs; the rest of the address is."""
    monkeypatch.setenv("STRATA_STATE_URL", "redis://u:secret@cache:7000/2")
    assert main(["settings", *options]) == 0
    out = capsys.readouterr().out
    assert "redis://...@cache:7000/2" in out
    assert "secret" not in out


def test_a_program_gets_an_object(capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` prints the whole tree."""
    assert main(["settings", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["gateway"]["port"] == 7000
