"""Kill -9 of an import: the next run goes on, and the history is the one an undisturbed run makes."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from small_imports import SHOP, events_of, quarantined, rows, write_rows

from streaming.importing import import_file
from streaming.mapping.load import load_mapping
from streaming.store.totals import Totals

pytestmark = pytest.mark.integration
DRIVER = Path(__file__).resolve().parents[2] / "doubles" / "killed_import.py"
BATCH_ROWS = 50
WITH_OCCURRENCES = SHOP.replace("{columns: [id]}", "{hash: [user, at, item]}")


def attempt(source: Path, mapping: Path, home: Path, step: int) -> subprocess.CompletedProcess[str]:
    """One run of the import in a process that kills itself at a step (0: at none)."""
    command = [sys.executable, str(DRIVER), str(source), str(mapping), str(home), str(BATCH_ROWS), str(step)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module", params=[SHOP, WITH_OCCURRENCES], ids=["columns", "occurrences"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A source over three months with duplicates and bad rows, and its mapping."""
    folder = tmp_path_factory.mktemp("source")
    chance = random.Random(7)
    changes = [
        {
            "id": str(chance.randrange(300)), "user": chance.choice(["", "ann", "bob", "cid"]),
            "at": f"2023-0{chance.randint(1, 3)}-0{chance.randint(1, 9)}T00:00:00", "price": chance.choice(["1", "0"]),
        }
        for _ in range(400)
    ]  # fmt: skip
    mapping = folder / "shop.yaml"
    mapping.write_text(request.param, encoding="utf-8")
    return write_rows(folder / "rows.csv", rows(*changes)), mapping


def outcome(home: Path, source: Path, mapping: Path) -> tuple[list[object], list[object], Totals, list[str]]:
    """Events, quarantine, a run's totals, and leftovers under hidden names."""
    totals = import_file(source, load_mapping(str(mapping)), home, 1_704_067_200_000_000, batch_rows=BATCH_ROWS).totals
    hidden = [path.name for path in home.glob("**/.import-*")]
    return list(events_of(home)), list(quarantined(home, "*")), totals, hidden


def test_killed_anywhere_the_history_is_the_same(made: tuple[Path, Path], tmp_path: Path) -> None:
    """Runs killed at random steps, one after another, then one that lives: its totals are those of the whole file,
    and events and quarantine are what one undisturbed run leaves."""
    source, mapping = made
    calm = attempt(source, mapping, tmp_path / "calm", 0)
    steps = int(calm.stdout)
    expected = outcome(tmp_path / "calm", source, mapping)
    chance = random.Random(20)
    for round_ in range(3):
        home = tmp_path / f"home{round_}"
        killed = 0
        while True:
            run = attempt(source, mapping, home, chance.randint(1, steps))
            if run.returncode == 0:
                break
            assert run.returncode == -signal.SIGKILL, run.stderr
            killed += 1
            assert killed < 100
        assert killed
        assert outcome(home, source, mapping) == expected


def test_every_kind_of_step(made: tuple[Path, Path], tmp_path: Path) -> None:
    """A kill while a part is written, before the journal says so, or between renames leaves whole files only, and the
    next run makes up for it."""
    source, mapping = made
    expected = outcome(tmp_path / "calm", source, mapping)
    for step in (1, 3, 4, 9, 12, 14, 16, 19):
        home = tmp_path / f"home{step}"
        assert attempt(source, mapping, home, step).returncode == -signal.SIGKILL
        events_of(home)
        assert outcome(home, source, mapping) == expected
