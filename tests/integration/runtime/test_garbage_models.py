"""A model file that is garbage and yet matches its hash: the process survives."""

from __future__ import annotations

import subprocess
import sys

import pytest
from toy_package import TOY_CLASS_TREES, TOY_TREES

pytestmark = pytest.mark.integration

_CHILD = """
import random, sys
import numpy as np
from strata.errors import PackageInvalid
from strata.runtime.booster import Booster
from toy_package import TOY_CLASS_TREES, TOY_TREES

whole, outputs = (TOY_TREES, 1) if sys.argv[2] == "one" else (TOY_CLASS_TREES, 3)
chance, outcomes = random.Random(int(sys.argv[1])), {"refused": 0, "loaded": 0}
for _ in range(150):
    text = list(whole)
    for _ in range(chance.randrange(1, 6)):
        text[chance.randrange(len(text))] = chance.choice("0123456789.-=e \\nabc")
    try:
        Booster("".join(text), 1, outputs).sums(np.array([[1.0], [2.0]]))
        outcomes["loaded"] += 1
    except PackageInvalid as error:
        outcomes["refused"] += "\\n" not in str(error)
print(outcomes["refused"], outcomes["loaded"])
"""


@pytest.mark.parametrize("outputs", ["one", "three"])
@pytest.mark.parametrize("seed", [1, 2])
def test_garbled_trees_are_refused_or_loaded_and_never_end_the_process(seed: int, outputs: str) -> None:
    """150 garbled models a seed, in a process of their own: each is PackageInvalid, or a model that scores."""
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, str(seed), outputs],
        capture_output=True,
        text=True,
        timeout=120,
        env={"PYTHONPATH": "tests/doubles", "PATH": "/usr/bin:/bin"},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    refused, loaded = map(int, done.stdout.split())
    assert refused + loaded == 150
    assert refused > 10


def test_the_whole_toy_model_is_what_is_garbled() -> None:
    """The control: unchanged, it is accepted."""
    from strata.runtime.booster import Booster

    Booster(TOY_TREES, 1)


@pytest.mark.parametrize("text", [TOY_TREES, TOY_CLASS_TREES])
def test_an_empty_line_within_a_tree_is_refused(text: str) -> None:
    """LightGBM's parser takes it for the tree's end, misses the leaves and ends the process."""
    from strata.errors import PackageInvalid
    from strata.runtime.booster import Booster

    with pytest.raises(PackageInvalid, match="has an empty line within"):
        Booster(text.replace(".5\ndecision", ".\n\ndecision"), 1, 1 if text == TOY_TREES else 3)
