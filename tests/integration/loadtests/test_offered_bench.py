"""`strata bench offered`, as short as it can be: its parts fit together. No figure is judged."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
import yaml
from toy_gateway import ToyGateway, served
from toy_home import make_home

from loadtests.bench.peers import start_echo
from loadtests.bench.systems import System
from loadtests.offered.plan import Plan
from loadtests.offered.run import measure_steps
from loadtests.offered.show import Files, run_and_show
from loadtests.offered.sides import Side, Wanted
from loadtests.overload.calling import call
from loadtests.overload.tally import WRONG

pytestmark = pytest.mark.integration

PLAN = Plan(rounds=1, seconds=0.6, shares=(0.5, 2.0), ramp_s=0.2, capacity_s=0.4, tries=1)
USERS = [f"user-{number}" for number in range(50)]


def test_the_sides_take_turns_and_each_is_offered_shares_of_its_own_capacity() -> None:
    """Any server of the contract is a side."""
    with served(ToyGateway()) as honest, served(ToyGateway(delay_s=0.004)) as slow:
        mine = (psutil.Process(),)
        sides = [Side(System("toy", honest, mine)), Side(System("slow", slow, mine))]
        steps = list(measure_steps(sides, USERS, PLAN, lambda _: None))
    assert [(one.side, one.share) for one in steps] == [("toy", 0.5), ("slow", 0.5), ("toy", 2.0), ("slow", 2.0)]
    assert all(one.goodput_per_s > 0 for one in steps[:2])
    assert steps[1].p50_ms > 4
    assert [one.deadline_s for one in steps] == [1.0, 1.0, 0.1, 0.1]
    assert not any("wrong" in one.ends_per_s for one in steps)


def test_a_reply_of_another_weight_than_the_echos_is_wrong(tmp_path: Path) -> None:
    with ExitStack() as stack:
        echo = start_echo({"Single": 188}, tmp_path, stack)
        sides = [Side(echo, "Single", 188), Side(echo, "Single", 187)]
        order = [one.order(USERS, (200.0, 0.3), 1.0, 4) for one in sides]
        right, wrong = (call(one) for one in order)
    assert [status for slice_ in right.slices.values() for status in slice_.ends] == []
    assert {status for slice_ in wrong.slices.values() for status in slice_.ends} == {WRONG}


def test_the_bench_from_start_to_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The echo and a real gateway; nothing is left running, and this process may use its cores again."""
    settings = make_home(tmp_path / "home", dict.fromkeys(USERS, (5, 5.0, 1)))
    chosen = tmp_path / "strata.yaml"
    chosen.write_text(yaml.safe_dump(settings.model_dump(mode="json")))
    monkeypatch.setenv("STRATA_SETTINGS", str(chosen))
    cores, before = os.sched_getaffinity(0), _children()
    files = Files(tmp_path / "found.json", tmp_path / "found.md", tmp_path / "found.png")
    assert run_and_show(settings, USERS, PLAN, Wanted(redis=False), command="strata bench offered", files=files)
    assert files.json
    document = json.loads(files.json.read_text(encoding="utf-8"))
    assert [(one["side"], one["share"]) for one in document["steps"]] == [
        ("echo", 0.5), ("embedded", 0.5), ("echo", 2.0), ("embedded", 2.0),
    ]  # fmt: skip
    assert files.markdown
    assert files.markdown.read_text(encoding="utf-8") in capsys.readouterr().out
    assert files.picture
    assert files.picture.read_bytes().startswith(b"\x89PNG")
    assert os.sched_getaffinity(0) == cores
    assert _children() <= before


def _children() -> set[int]:
    """Processes below this one; other tests' servers are among them."""
    return {each.pid for each in psutil.Process().children(recursive=True)}
