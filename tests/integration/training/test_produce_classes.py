"""A whole training whose segments are classes of what users will do, from events to a stored package and its page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from toy_training import NOW_US, RESPONDERS, START_US, USERS, ToyReader, toy_definition, write_events

from strata.events import DAY_US
from strata.runtime import load_package
from training.history import History
from training.produce import Sources, produce

pytestmark = pytest.mark.integration

CLASSES = [
    {"key": "seldom", "label": "Seldom", "description": "Hardly comes.", "below": 2},
    {"key": "monthly", "label": "Monthly", "description": "Comes now and then.", "below": 5},
    {"key": "weekly", "label": "Weekly", "description": "Comes every week."},
]
ALGORITHMS: dict[str, dict[str, Any]] = {
    "lightgbm": {"trees": 10, "parameters": {"num_leaves": 4, "min_data_in_leaf": 20}},
    "logistic": {},
    "random_forest": {"trees": 10},
    "xgboost": {"trees": 10, "parameters": {"max_depth": 2}},
}


def _history(folder: Path) -> History:
    """Kind 0 comes every 5 days, kind 1 every 10, the others once; some of kind 1 as seldom as them."""
    rows = [(user, "purchase", START_US + DAY_US) for user in USERS]
    for number, user in enumerate(USERS):
        step = {0: 5, 1: 10 if number % 3 else 100}.get(number % 4)
        if step is not None:
            rows += [(user, "purchase", START_US + day * DAY_US + 1) for day in range(2 + number % 5, 330, step)]
    write_events(folder, rows)
    return History(folder)


@pytest.mark.parametrize("kind", sorted(ALGORITHMS))
def test_classes_are_segments_with_posteriors(tmp_path: Path, kind: str) -> None:
    """Each user of kind 0 comes weekly; a score is the class's probability; the page has every part."""
    label = {"event_type": "purchase", "measure": "days", "horizon_days": 30, "classes": CLASSES}
    definition = toy_definition(
        {key: value for key, value in RESPONDERS.items() if key != "baseline"}, name="toy_visits", label=label,
        algorithm={"kind": kind, **ALGORITHMS[kind]}, fallback=["seldom"], gates={"accuracy": 0.7},
        judge={"folds": 2, "resamples": 50},
    )  # fmt: skip
    sources = Sources(ToyReader(), _history(tmp_path / "history"))
    made = produce(definition, sources, packages=tmp_path / "packages", as_of_us=NOW_US)
    package = load_package(made.folder)
    assert package.manifest.score_meaning == "posterior"
    assert [entry.key for entry in package.manifest.vocabulary] == ["seldom", "monthly", "weekly"]
    values = ToyReader().matrix("toy", USERS, np.full(len(USERS), NOW_US))
    found = package.score(values)
    assert set(found.segment_indexes[0::4].tolist()) == {2}
    assert set(found.segment_indexes[2::4].tolist()) == {0}
    assert ((found.scores > 1 / 3) & (found.scores <= 1)).all()
    assert made.evaluation.metrics["accuracy"] > made.evaluation.metrics["baseline_accuracy"] + 0.1
    page = (made.folder / "evaluation.html").read_text(encoding="utf-8")
    assert "Weekly" in page
    assert np.array(made.evaluation.details["confusion"]["matrix"]).sum() == len(USERS)
