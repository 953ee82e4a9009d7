"""The demonstration's preparation: what is made from what, and when it is made again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from strata.command.catalog import find_entry
from strata.command.up.stamps import expected_keys
from strata.command.up.steps import Step, demo_steps
from strata.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The demonstration's, on an empty home and a copy of the definitions."""
    shutil.copytree(ROOT / "feature_repo" / "definitions", tmp_path / "repo" / "definitions")
    environ = {"STRATA_HOME": str(tmp_path / "home"), "STRATA_REPO": str(tmp_path / "repo")}
    return load_settings(ROOT / "strata.yaml", environ)


def _by_name(settings: Settings) -> dict[str, Step]:
    return {step.name: step for step in demo_steps(settings)}


def test_every_step_comes_after_what_it_needs(settings: Settings) -> None:
    """Within the whole and so within each lane: otherwise a lane would wait for itself."""
    done: set[str] = set()
    for step in demo_steps(settings):
        assert done.issuperset(step.needs)
        done.add(step.name)


def test_every_step_is_a_command_one_could_type(settings: Settings) -> None:
    """The first word is a sub-command of `strata`."""
    assert [step.name for step in demo_steps(settings) if find_entry(step.arguments[0]) is None] == []


def test_a_bento_is_built_for_the_remote_segmenter_only(settings: Settings) -> None:
    """What runs inside the gateway needs no Bento."""
    assert [name for name in _by_name(settings) if name.startswith("bento:")] == ["bento:promo_responder"]


def test_an_edited_definition_reaches_state_and_training_but_not_the_history(settings: Settings) -> None:
    """Five minutes after adding a feature nobody imports a year of purchases again."""
    before = expected_keys(demo_steps(settings))
    edited = next((settings.repo / "definitions").glob("*.py"))
    edited.write_text(edited.read_text(encoding="utf-8") + "\n# edited\n", encoding="utf-8")
    after = expected_keys(demo_steps(settings))
    changed = {name for name in after if after[name] != before[name]}
    assert changed == set(after) - {"history"}


def test_another_anchor_leaves_the_definitions(settings: Settings) -> None:
    """The history, the state and the packages are made as of the clock; what a feature means is not."""
    moved = settings.model_copy(update={"clock": settings.clock.model_copy(update={"mode": "system"})})
    before, after = expected_keys(demo_steps(settings)), expected_keys(demo_steps(moved))
    assert {name for name in after if after[name] == before[name]} == {"definitions"}


def test_products_are_seen(settings: Settings) -> None:
    """An empty home holds none of them; each is seen where its command puts it."""
    steps = _by_name(settings)
    assert not any(step.present() for step in steps.values())
    (settings.packages / "value_tiers").mkdir(parents=True)
    (settings.packages / "value_tiers" / "LATEST").touch()
    (settings.history / "events" / "month=2017-01").mkdir(parents=True)
    (settings.history / "events" / "month=2017-01" / "a.parquet").touch()
    assert {name for name, step in steps.items() if step.present()} == {"train:value_tiers", "history"}
