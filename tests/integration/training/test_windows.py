"""Retraining at shifted clocks on the toy world."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from toy_training import NOW_US, RESPONDERS, TIERS, USERS, toy_definition, toy_sources

from training.identity import windows, windows_run
from training.identity.windows import Window
from training.identity.windows_run import RECORDS, Plan, lay_back, run
from training.rows import Fitted

pytestmark = pytest.mark.integration


def _plan(folder: Path, document: dict[str, object], windows: int = 3) -> Plan:
    return Plan(toy_definition(document), lay_back(NOW_US, windows, 7), None, folder / "scratch")


def test_keys_follow_users_where_numbers_do_not(tmp_path: Path) -> None:
    """Three windows: nearly everybody keeps the key, as many as any naming could; numbered clusters shuffle."""
    told = run(_plan(tmp_path, TIERS), toy_sources(tmp_path / "history"))
    assert [record["as_of"] for record in told["windows"]] == [
        "2017-11-13T00:00:00Z", "2017-11-20T00:00:00Z", "2017-11-27T00:00:00Z",
    ]  # fmt: skip
    keeping = told["keeping"]
    assert keeping["identity"]["least"] > 0.95
    assert keeping["identity"]["mean"] == pytest.approx(keeping["best"]["mean"])
    assert keeping["naive"]["mean"] < keeping["identity"]["mean"] - 0.2
    assert told["kinds"]["kept"] == 2 * len(told["windows"][0]["segments"])
    assert told["first_to_last"]["identity"] > 0.9
    assert told["moved"]["users"] == 2 * len(USERS)
    assert not list((tmp_path / "scratch").iterdir())


def test_a_run_that_was_cut_off_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed while the second window was kept, and then the third: each is trained again, and the end is the same."""
    sources = toy_sources(tmp_path / "history")
    whole = run(_plan(tmp_path / "whole", TIERS), sources)
    plan = _plan(tmp_path, TIERS)
    trained: list[int] = []
    keep = windows_run._keep

    def killed_at(window: int) -> None:
        def cut_off(plan: Plan, number: int, made: Window) -> None:
            if number != window:
                return keep(plan, number, made)
            with (plan.folder / RECORDS).open("ab") as file:
                file.write(b'{"as_of": "2017')
            raise KeyboardInterrupt

        monkeypatch.setattr(windows_run, "_keep", cut_off)
        with pytest.raises(KeyboardInterrupt):
            run(plan, sources, trained.append)

    killed_at(1)
    killed_at(2)
    monkeypatch.setattr(windows_run, "_keep", keep)
    assert run(plan, sources, trained.append) == whole
    assert trained == [0, 1, 1, 2, 2]


def test_bands_have_movement_and_no_other_names(tmp_path: Path) -> None:
    """Declared keys: only identity is reported, with who moved and why."""
    told = run(_plan(tmp_path, RESPONDERS, windows=2), toy_sources(tmp_path / "history"))
    assert list(told["keeping"]) == ["identity"]
    assert told["windows"][1]["kept"] == ["likely", "possible", "unlikely"]
    since = told["windows"][1]["since"]
    assert since["moved"] == since["features"] + since["model"] + since["both"]


def test_identity_asks_for_as_many_segments_as_the_window_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rule and the numbered clusters choose anew in every window."""
    asked: list[int | None] = []
    fit = windows.fit

    def listening(*rows: Any, before: int | None = None, **how: Any) -> Fitted:
        asked.append(before)
        return fit(*rows, before=before, **how)

    monkeypatch.setattr(windows, "fit", listening)
    told = run(_plan(tmp_path, TIERS, windows=2), toy_sources(tmp_path / "history"))
    assert asked == [None, None, None, len(told["windows"][0]["segments"]), None, None]
