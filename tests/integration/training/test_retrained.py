"""Trained again: segments keep the keys of their users, movement is told, and gates decide."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from toy_training import NOW_US, RESPONDERS, TIERS, USERS, ToyReader, toy_definition, toy_sources

from strata.events import DAY_US
from strata.runtime import Package, find_package, list_versions, load_package
from training.history import History
from training.journal import Journal
from training.produce import Produced, Sources, produce

pytestmark = pytest.mark.integration

MONTH_US = 30 * DAY_US
ALGORITHM: dict[str, Any] = TIERS["algorithm"]  # type: ignore[assignment]


def _upside_down() -> dict[str, Any]:
    """The same file after somebody has turned the naming rule round."""
    texts = ALGORITHM["archetypes"]
    anchors = [one["anchor"] for one in texts][::-1]
    turned = [{**one, "anchor": anchor} for one, anchor in zip(texts, anchors, strict=True)]
    return {**ALGORITHM, "archetypes": turned}


def _produce(home: Path, document: dict[str, object], as_of_us: int = NOW_US, **changes: object) -> Produced:
    definition = toy_definition(document, **changes)
    return produce(definition, toy_sources(home / "history"), packages=home / "packages", as_of_us=as_of_us)


def _keys(package: Package) -> list[str]:
    """Of every user on the last day."""
    values = ToyReader().matrix("toy", USERS, np.full(len(USERS), NOW_US))
    return [package.manifest.vocabulary[i].key for i in package.score(values).segment_indexes]


def test_keys_follow_the_users_whatever_the_rule_says(tmp_path: Path) -> None:
    """The rule names everything the other way round: users keep their keys. In a new home the rule has its way."""
    first = _produce(tmp_path, TIERS, NOW_US - MONTH_US)
    again = _produce(tmp_path, TIERS, algorithm=_upside_down())
    before, after = _keys(load_package(first.folder)), _keys(load_package(again.folder))
    assert np.mean([a == b for a, b in zip(before, after, strict=True)]) > 0.9
    anew = _keys(load_package(_produce(tmp_path / "new", TIERS, algorithm=_upside_down()).folder))
    assert np.mean([a == b for a, b in zip(before, anew, strict=True)]) < 0.6

    lineage = again.manifest.lineage
    assert lineage is not None
    assert lineage.previous == first.manifest.version
    assert {(one.kind, one.key, one.origins) for one in lineage.segments} == {
        ("kept", entry.key, (entry.key,)) for entry in first.manifest.vocabulary
    }
    told = again.evaluation.details["identity"]
    assert told["moved"]["share"] == pytest.approx(lineage.moved_share, abs=1e-6)
    assert told["since"]["users"] == len(USERS)
    assert "the rule would call it" in told["reasons"][-1]
    labels = {entry.key: entry.label for entry in again.manifest.vocabulary}
    assert labels == {entry.key: entry.label for entry in first.manifest.vocabulary}


def test_the_number_of_segments_stays_while_the_data_carry_it(tmp_path: Path) -> None:
    """Three before, three and four as good now: three. In a new home four. Three no longer asked for: four."""
    either = {"algorithm": {**ALGORITHM, "silhouette_tolerance": 1.0}}
    three, four = ({"algorithm": {**ALGORITHM, "k_range": [k, k]}} for k in (3, 4))

    def segments(made: Produced) -> int:
        return len(made.manifest.vocabulary)

    _produce(tmp_path, TIERS, NOW_US - MONTH_US, **three)
    again = _produce(tmp_path, TIERS, **either)
    assert segments(again) == 3
    assert "3 segments, as before" in again.evaluation.details["chosen_by"][0]
    assert segments(_produce(tmp_path / "new", TIERS, **either)) == 4
    assert segments(_produce(tmp_path, TIERS, **four)) == 4


def test_a_release_that_moves_too_many_waits_for_a_person(tmp_path: Path) -> None:
    """Fewer trees, other bands: held, stored, not the latest; the same version later is held again."""
    first = _produce(tmp_path, RESPONDERS, NOW_US - MONTH_US)
    algorithm: dict[str, Any] = RESPONDERS["algorithm"]  # type: ignore[assignment]
    changes = {"algorithm": {**algorithm, "trees": 3},
               "gates": {"moved_share": {"at_most": 0.0}}}  # fmt: skip
    made = _produce(tmp_path, RESPONDERS, **changes)
    assert (made.decision.verdict, made.decision.exit_code) == ("hold", 3)
    assert made.decision.reasons[0].startswith("moved_share is ")
    packages = tmp_path / "packages"
    assert find_package(packages, "toy_responders") == first.folder
    assert made.manifest.version in list_versions(packages, "toy_responders")
    assert [one.kind for one in made.manifest.lineage.segments] == ["kept"] * 3  # type: ignore[union-attr]
    assert _produce(tmp_path, RESPONDERS, **changes).repeated


def test_a_challenger_worse_beyond_chance_is_rejected(tmp_path: Path) -> None:
    """One tree of two leaves against twenty on the same hold-out; a gate on the difference may hold instead."""
    _produce(tmp_path, RESPONDERS, NOW_US - MONTH_US)
    algorithm: dict[str, Any] = RESPONDERS["algorithm"]  # type: ignore[assignment]
    blind = {**algorithm, "trees": 1, "parameters": {"num_leaves": 2, "min_data_in_leaf": 400}}
    made = _produce(tmp_path, RESPONDERS, algorithm=blind, gates={})
    assert made.decision.verdict == "reject"
    contest = made.evaluation.details["champion"]
    assert contest["difference"]["high"] < 0
    assert contest["statement"] in f"{made.decision.reasons[0]}."
    gates = {"champion_difference": {"at_least": -0.001, "otherwise": "hold"}}
    assert _produce(tmp_path, RESPONDERS, algorithm=blind, gates=gates).decision.verdict == "hold"


def test_the_same_training_again_moves_nobody(tmp_path: Path) -> None:
    """The same version, accepted, its lineage that of the first time; a second line in the journal."""
    first = _produce(tmp_path, TIERS, gates={"moved_share": {"at_most": 0.0}})
    assert first.manifest.lineage is None
    again = _produce(tmp_path, TIERS, gates={"moved_share": {"at_most": 0.0}})
    assert (again.repeated, again.manifest, again.decision.verdict) == (True, first.manifest, "accept")
    lines = list(Journal(tmp_path / "trainings.jsonl").entries("toy_tiers"))
    assert [line["previous"] for line in lines] == [None, first.manifest.version]
    assert {line["decision"] for line in lines} == {"accept"}


class OtherReader(ToyReader):
    """The toy world after a feature was defined otherwise."""

    def schema(self, service: str) -> Any:
        found = super().schema(service)
        return type(found)(found.service, found.features, {"toy": "ff66554433221100"})


def test_a_version_before_that_cannot_answer_waits_where_movement_is_asked(tmp_path: Path) -> None:
    """Why is said; names are the rule's, and where nobody asked about movement it is accepted."""
    first = _produce(tmp_path, TIERS, NOW_US - MONTH_US)
    sources = Sources(OtherReader(), History(tmp_path / "history"))

    def again(**changes: object) -> Produced:
        definition = toy_definition(TIERS, **changes)
        return produce(definition, sources, packages=tmp_path / "packages", as_of_us=NOW_US)

    held = again(gates={"moved_share": {"at_most": 0.9}})
    assert held.decision.verdict == "hold"
    assert f"toy_tiers {first.manifest.version} cannot answer about these rows" in held.decision.reasons[0]
    assert "the view toy is defined otherwise" in held.evaluation.details["identity"]["reasons"][0]
    assert held.manifest.lineage is None
    assert again().decision.verdict == "accept"


def test_a_sliding_window_learns_from_its_users_alone(tmp_path: Path) -> None:
    """Users last seen before it are not known, label dates lie inside it, and the journal says since when."""
    sources = toy_sources(tmp_path / "history")
    since_us = NOW_US - 3 * MONTH_US
    inside = Sources(sources.reader, History(tmp_path / "history", since_us))
    made = produce(toy_definition(TIERS), inside, packages=tmp_path / "packages", as_of_us=NOW_US)
    redeemers = History(tmp_path / "history", since_us).known_users(NOW_US)
    assert made.rows == len(redeemers) < len(USERS)
    assert made.manifest.data_window.first == "2017-08-29T00:00:00.000001Z"
    entry = json.loads((tmp_path / "trainings.jsonl").read_bytes())
    assert entry["since"] == "2017-08-29T00:00:00Z"
    assert (entry["decision"], entry["version"]) == ("accept", made.manifest.version)
