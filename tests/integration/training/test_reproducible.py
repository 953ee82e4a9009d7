"""The same data, code and seed give the same package, whatever the process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from training.algorithms import list_algorithms

pytestmark = pytest.mark.integration

_CHILD = """
import json, sys
from pathlib import Path
from toy_training import NOW_US, toy_definition, toy_document, toy_sources
from strata.runtime.manifest import UNVERSIONED_FILES
from training.algorithms import list_algorithms
from training.produce import produce

home = Path(sys.argv[1])
sources = toy_sources(home / "history")
made = {}
for kind in list_algorithms():
    one = produce(toy_definition(toy_document(kind)), sources, packages=home / kind / "packages", as_of_us=NOW_US)
    files = {name: sha for name, sha in one.manifest.files.items() if name not in UNVERSIONED_FILES}
    made[kind] = [one.manifest.version, one.decision.verdict, files, one.evaluation.headline]
print(json.dumps(made))
"""


def _train_all(home: Path, hash_seed: str, threads: str) -> dict[str, list[object]]:
    paths = os.pathsep.join([str(Path(__file__).parents[2] / "doubles"), *filter(None, [os.environ.get("PYTHONPATH")])])
    environ = {
        **os.environ,
        "PYTHONPATH": paths,
        "PYTHONHASHSEED": hash_seed,
        "OMP_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
    }
    command = [sys.executable, "-c", _CHILD, str(home)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    found: dict[str, list[object]] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_each_algorithm_gives_the_same_package_in_another_process(tmp_path: Path) -> None:
    """Python's hashes are seeded otherwise, libraries may use more threads, the home is another: versions, hashes of
    files and sentences agree.

    The pages say when they were made and how long that took, and are not compared.
    """
    first, again = _train_all(tmp_path / "a", "1", "1"), _train_all(tmp_path / "b", "2", "2")
    assert sorted(first) == list_algorithms()
    assert first == again
    assert {kind for kind, made in first.items() if made[1] != "accept"} == set()
