"""The model card: its sections are always there, and somebody's text stays text."""

from __future__ import annotations

import re

import pytest
import yaml
from report_samples import HOSTILE, clusters, labels

from training.report.judged import Judged
from training.report.model_card import model_card
from training.rows import Evaluation

SECTIONS = [
    "Model details", "Intended use", "Out of scope", "Data", "Metrics", "Fairness", "Limits", "Identity and lineage",
    "Decision", "How to reproduce",
]  # fmt: skip


@pytest.mark.parametrize("made", [clusters(4), labels(3)], ids=["clusters", "labels"])
def test_it_has_every_section(made: Judged) -> None:
    """With and without anything to say in them."""
    bare = Judged(made.manifest, Evaluation({}, {"kind": made.details["kind"]}))
    for one in (made, bare):
        assert re.findall("^## (.*)$", model_card(one), re.MULTILINE) == SECTIONS


def test_its_head_is_read_as_yaml() -> None:
    """Between two lines of dashes, as Hugging Face reads it."""
    head = model_card(labels(3)).split("---\n")[1]
    assert yaml.safe_load(head) == {
        "library_name": "strata",
        "model_name": "responders",
        "pipeline_tag": "tabular-classification",
        "tags": ["segmentation", "propensity", "lightgbm"],
    }


@pytest.mark.parametrize(
    "said",
    [
        "| `roc_auc` | 0.8710 (0.8410 to 0.9010) |",
        "| `brier` | 0.0600 |",
        "| `roc_auc` over 5 grouped folds | 0.8600 (0.8400 to 0.8800) |",
        "- demographic parity: 0.120 (0.090 to 0.150)",
        "- Gate missed: 8 % of the users moved, at most 5 % may.",
        "- Leak check: 3 users are in two folds.",
        "- Compared with version `0123456789ab`.",
        "**hold**",
        "strata train responders --as-of 2017-12-01T05:00:00Z",
        "- Seed: 7.",
    ],
)
def test_it_says_what_was_found(said: str) -> None:
    """Intervals beside figures, gates and checks that failed among the limits."""
    assert said in model_card(labels(3)).splitlines()


def test_absence_of_fairness_is_not_fairness() -> None:
    """Where no attribute was declared, it says that nothing was measured."""
    assert "so none was measured: this is not a finding of fairness." in model_card(labels(3, drop=("fairness",)))


def test_text_of_others_stays_text() -> None:
    """No tag, no link, no column of a table comes out of a label."""
    card = model_card(labels(3, label=HOSTILE, description=HOSTILE))
    assert "<script" not in card
    assert "<img" not in card
    assert re.search(r"(?<!\\)\[", card.split("---\n", 2)[2]) is None
    rows = [line for line in card.splitlines() if line.startswith("| `segment_")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {5}


def test_the_same_evaluation_gives_the_same_card() -> None:
    """Nothing of the clock or of chance is in it."""
    assert model_card(clusters(5)) == model_card(clusters(5))
