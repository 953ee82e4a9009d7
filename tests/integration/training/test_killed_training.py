"""A training killed at any step, and the one after it."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from toy_training import NOW_US, TIERS, toy_definition, toy_sources

from strata.runtime import find_package, list_versions, load_package
from training.produce import Produced, produce

pytestmark = pytest.mark.integration


def _produce(home: Path, document: dict[str, object], **changes: object) -> Produced:
    definition = toy_definition(document, **changes)
    return produce(definition, toy_sources(home / "history"), packages=home / "packages", as_of_us=NOW_US)


_CHILD = """
import sys
from pathlib import Path
from strata.runtime import store
from training import journal
from toy_training import NOW_US, TIERS, toy_definition, toy_sources
from training.produce import produce

home, stop_at = Path(sys.argv[1]), int(sys.argv[2])
steps = 0

def step(name):
    global steps
    steps += 1
    if steps == stop_at:
        print("here", name, flush=True)
        sys.stdin.read()  # until killed

def watched(function):
    def wrapper(*arguments):
        step(function.__name__ + " before")
        result = function(*arguments)
        step(function.__name__ + " after")
        return result
    return wrapper

store._write_synced = watched(store._write_synced)
store._sync = watched(store._sync)
journal.append_line = watched(journal.append_line)
produce(toy_definition(TIERS, description="A new one."), toy_sources(home / "history"), packages=home / "packages",
        as_of_us=NOW_US, progress=step)
print("done", flush=True)
"""  # fmt: skip


def _killed_at(home: Path, stop_at: int) -> bool:
    """Run a training and kill it -9 at its n-th step; False when it finished before."""
    command = [sys.executable, "-c", _CHILD, str(home), str(stop_at)]
    paths = os.pathsep.join([str(Path(__file__).parents[2] / "doubles"), *filter(None, [os.environ.get("PYTHONPATH")])])
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": paths}
    ) as child:
        assert child.stdout is not None
        said = child.stdout.readline()
        child.send_signal(signal.SIGKILL)
        child.wait()
    return said.startswith("here")


# Of the 27 steps of this training: before and after the rename, LATEST and the journal's line, and some by chance.
STEPS = sorted({20, 24, 26, 27, *random.Random(5).sample(range(1, 20), 4)})


@pytest.mark.parametrize("stop_at", STEPS)
def test_kill_9_leaves_nothing_half_registered(tmp_path: Path, stop_at: int) -> None:
    """Killed at any step: the latest package is the old one or the new one, and every version that is there is whole.

    The next training finishes or removes what was left: each version has its line, and nothing is pending.
    """
    old = _produce(tmp_path, TIERS).folder
    assert _killed_at(tmp_path, stop_at)
    packages = tmp_path / "packages"
    found = find_package(packages, "toy_tiers")
    description = load_package(found).manifest.description
    assert (found == old) == (description == "Toy tiers.")
    for version in list_versions(packages, "toy_tiers"):
        load_package(packages / "toy_tiers" / version)

    last = _produce(tmp_path, TIERS, description="A newer one.")
    assert last.folder == find_package(packages, "toy_tiers")
    assert not list((packages / "toy_tiers").glob(".pending*"))
    lines = [json.loads(line) for line in (tmp_path / "trainings.jsonl").read_bytes().splitlines()]
    versions = [line["version"] for line in lines]
    assert versions[0] == old.name
    assert versions[-1] == last.manifest.version
    assert sorted(versions) == list_versions(packages, "toy_tiers")
    assert {line["decision"] for line in lines} == {"accept"}
