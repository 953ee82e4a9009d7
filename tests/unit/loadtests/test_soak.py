"""What a soak says of its samples, its answers and its folders."""

from __future__ import annotations

import doctest
import json
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import pytest

from loadtests.soak import folders, growth, plan, trial
from loadtests.soak.callers import how_it_ended
from loadtests.soak.memory import Held, read_held
from loadtests.soak.picture import check_name, draw_memory
from loadtests.soak.plan import Plan
from loadtests.soak.report import document_of, print_soak
from loadtests.soak.sampling import Sample
from loadtests.soak.tally import Tally
from loadtests.soak.trial import Outcome
from loadtests.soak.truth import Truth
from strata.errors import InputInvalid
from strata.v1 import segmentation_pb2 as pb

MIB = 1 << 20
PLAN = Plan(minutes=10, sample_s=5)


def held(rss: float, anonymous: float, state: float = 0.0) -> Held:
    return Held(*(int(size * MIB) for size in (rss, rss, rss, anonymous, state)), 20, 4)


def growing(**processes: tuple[tuple[float, float], tuple[float, float]]) -> list[Sample]:
    """Each from (MB resident, MB of them the state's pages) to (the same): evenly, half of the rest anonymous."""

    def between(ends: tuple[tuple[float, float], tuple[float, float]], part: float) -> Held:
        rss, state = (first + (last - first) * part for first, last in zip(*ends, strict=True))
        return held(rss, (rss - state) / 2, state)

    return [
        Sample(5.0 * turn, {name: (n, between(ends, turn / 99)) for n, (name, ends) in enumerate(processes.items())})
        for turn in range(100)
    ]


def faults_in(found: list[Sample]) -> list[str]:
    processes = growth.process_growth(found)
    return growth.faults_of(growth.joint_growth(found, processes), processes)


def samples(grow: dict[str, float], count: int = 100, at: float = 100.0) -> list[Sample]:
    """Each process of so many MB, growing evenly to `at * (1 + share)`; half of it anonymous."""
    return [
        Sample(
            5.0 * turn,
            {
                name: (number, held(at + at * share * turn / (count - 1), (at + at * share * turn / (count - 1)) / 2))
                for number, (name, share) in enumerate(grow.items())
            },
        )
        for turn in range(count)
    ]


@pytest.mark.parametrize("module", [plan, growth, folders, trial])
def test_the_examples_hold(module: Any) -> None:
    """What the docstrings say."""
    assert doctest.testmod(module).failed == 0


def test_a_leak_is_found_and_a_steady_process_is_not() -> None:
    """5 % over the time are 4.5 % from the middle of the first tenth to that of the last; 1 % is within the limit."""
    found = samples({"gateway": 0.05, "stream": 0.01})
    processes = growth.process_growth(found)
    assert processes["gateway"]["rss_grown"] == pytest.approx(0.0453, abs=0.0005)
    assert faults_in(found) == [
        "resident memory (less the state file's pages) of all processes grew by 2.7%: 200.3 MB became 205.7 MB",
        "anonymous memory of all processes grew by 2.7%: 100.1 MB became 102.9 MB",
        "resident memory (less the state file's pages) of gateway grew by 4.5%: 100.2 MB became 104.8 MB",
    ]


def test_pages_of_the_states_file_are_shown_and_not_judged() -> None:
    """A process that maps 20 MB more of a store that is told more has not grown; one whose heap took them has."""
    found = growing(stream=((130, 2), (150, 22)), gateway=((150, 22), (150, 2)))
    processes = growth.process_growth(found)
    assert processes["stream"]["rss_grown"] == pytest.approx(0.14, abs=0.005)
    assert processes["stream"]["state_mb"] == [pytest.approx(2.91, abs=0.01), pytest.approx(21.09, abs=0.01)]
    assert processes["stream"]["judged_grown"] == 0.0
    assert [fault.partition(" grew")[0] for fault in faults_in(found)][-1:] == [
        "resident memory (less the state file's pages) of gateway",
    ]  # fmt: skip


def test_what_one_gave_back_does_not_hide_what_others_took() -> None:
    """Together they fell by a third; without the one that fell, they grew by 2.7 %."""
    found = growing(feed=((390, 0), (210, 0)), stream=((100, 0), (106, 0)), gateway=((100, 0), (100, 0)))
    processes = growth.process_growth(found)
    joint = growth.joint_growth(found, processes)
    assert growth.total_growth(found)["judged_grown"] < -0.2
    assert (joint["without"], joint["processes"]) == (["feed"], 2)
    grew = "of all processes but feed grew by 2.7%:"
    assert faults_in(found)[:2] == [
        f"resident memory (less the state file's pages) {grew} 200.3 MB became 205.7 MB",
        f"anonymous memory {grew} 100.1 MB became 102.9 MB",
    ]


def test_a_heap_that_fell_is_left_out_although_its_process_did_not() -> None:
    """What counts as a fall is either of what is judged."""
    found = [Sample(float(turn), {"gateway": (1, held(100, 60 - turn / 10))}) for turn in range(100)]
    assert growth.joint_growth(found, growth.process_growth(found))["without"] == ["gateway"]


def test_a_small_process_may_grow_by_a_few_pages() -> None:
    """9 % of 8 MB are less than what is counted as growth."""
    found = samples({"monitor": 0.1}, at=8.0)
    assert faults_in(found) == []


def test_a_leak_behind_file_pages_that_went_is_found() -> None:
    """Under pressure the kernel takes file pages back: RSS stands still while the heap grows."""
    found = [Sample(float(turn), {"gateway": (1, held(100 - turn / 100, 50 + turn / 20))}) for turn in range(100)]
    assert [fault.partition(" grew")[0] for fault in faults_in(found)] == [
        "anonymous memory of all processes",
    ]  # fmt: skip


def test_processes_that_come_and_go_are_told_apart() -> None:
    """One that was replaced, one that came once: neither is in the growth of all."""
    found = samples({"gateway": 0.0, "gateway.1": 0.0})
    found[50] = Sample(found[50].at_s, {**found[50].processes, "monitor.1": (77, held(300, 200))})
    found[60:] = [
        Sample(each.at_s, {**each.processes, "gateway.1": (99, held(90, 50))}) for each in found[60:]
    ]  # fmt: skip
    assert growth.stayed(found) == ["gateway"]
    assert growth.passing(found) == {"gateway.1": {"ids": 2, "rss_mb": 100.0}, "monitor.1": {"ids": 1, "rss_mb": 300.0}}
    assert growth.total_growth(found)["processes"] == 1
    assert growth.joint_growth(found, growth.process_growth(found))["processes"] == 1


def outcome_of(grow: dict[str, float], **more: Any) -> Outcome:
    outcome = Outcome(seconds=750.0, complete=True, samples=samples(grow, 120), looks=2, compared=9, **more)
    outcome.tally.note("GetSegments", 0.004, ["live", "live"])
    outcome.folders = [(0.0, {"log": 0}), (300.0, {"log": 100}), (600.0, {"log": 1_100})]
    return outcome


def test_a_sound_soak_has_no_faults_and_everything_in_its_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It can be written as JSON, drawn and printed."""
    document = json.loads(json.dumps(document_of(PLAN, outcome_of({"gateway": 0.0, "stream": 0.01}))))
    assert document["faults"] == []
    assert document["folders"] == {"log": {"bytes": 1_100, "bytes_per_hour": 12_000}}
    assert document["seen"] == {"GetSegments": {"calls": 1, "live": 2}}
    assert [each["p99_ms"] for each in document["minutes"]["GetSegments"]] == [4.0]
    assert {kind: set(found) for kind, found in document["series"].items() if kind != "at_s"} == {
        f"{kind}_mb": {"gateway", "stream"} for kind in ("rss", "judged", "anonymous")
    }
    draw_memory(tmp_path / "memory.svg", document)
    assert "<svg" in (tmp_path / "memory.svg").read_text(encoding="utf-8")
    print_soak(document)
    said = " ".join(capsys.readouterr().out.split())
    assert "10 minutes after the warm-up: memory grew by 0.34%; no wrong answer, no failed call" in said
    assert "Held to 2%: resident memory without pages of the state's own file" in said


def test_the_table_says_what_is_judged_and_who_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    """Plain RSS, the state's pages, the difference; the feeder, which fell, in a sum and not in the other."""
    outcome = outcome_of({})
    outcome.samples = growing(feed=((390, 0), (210, 0)), stream=((130, 2), (150, 22)))
    outcome.folders = [(100.0 * turn, {"state": turn * MIB}) for turn in range(7)]
    print_soak(document_of(Plan(minutes=5, warm_minutes=0), outcome))
    said = " ".join(capsys.readouterr().out.split())
    for words in (
        "stream 130.91 > 149.09 +13.89% 2.91 > 21.09 128.0 > 128.0 +0.00%", "all but feed 130.91 > 149.09 +13.89%",
        "which grew by +36.0 MB an hour", "of all but feed, whose fall would hide growth, together",
    ):  # fmt: skip
        assert words in said


def test_every_fault_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong answer, a leak, a server that was started again, a difference from the history; an interrupt too."""
    outcome = outcome_of({"gateway": 0.05}, parity={"strata_parity_differences_total": 3.0})
    outcome.complete = False
    outcome.tally.add("GetSegments", "wrong: another segment", 2)
    outcome.samples[-1] = Sample(599.0, {**outcome.samples[-1].processes, "stream": (5, held(10, 5))})
    document = document_of(PLAN, outcome)
    print_soak(document)
    said = capsys.readouterr().out
    for fault in (
        "another segment: 2 times", "(less the state file's pages) of gateway grew by",
        "stream was not one and the same process", "3 differences of the online state from the history",
        "INTERRUPTED after 750 s",
    ):  # fmt: skip
        assert fault in said


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("GetSegments", "UNAVAILABLE"), ("BatchGetSegments", "INTERNAL"), ("PublishEvents", "DEADLINE_EXCEEDED"),
        ("StreamEvents", "UNAVAILABLE"), ("releases", "ABORTED"), ("looks", "UNAVAILABLE"),
        ("WatchSegments", "INTERNAL"),
    ],
)  # fmt: skip
def test_one_call_that_failed_is_a_fault(kind: str, code: str) -> None:
    """Of any kind, also in a soak too short for memory; nothing dies in a soak, so nothing fails."""
    outcome = outcome_of({"gateway": 0.0})
    outcome.tally.add(kind, f"error {code}")
    document = document_of(PLAN, outcome)
    assert document["failed"] == {kind: {code: 1}}
    assert document["faults"] == [f"{kind}: 1 calls failed with {code}"]
    outcome.samples.clear()
    assert f"{kind}: 1 calls failed with {code}" in document_of(PLAN, outcome)["faults"]


class Ended(grpc.RpcError):  # type: ignore[misc] # grpc has no types
    """A call's end."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        self.code, self.details = lambda: code, lambda: details


@pytest.mark.parametrize(
    ("code", "details", "how"),
    [
        (grpc.StatusCode.CANCELLED, "Locally cancelled by application!", "left"),
        (grpc.StatusCode.UNAVAILABLE, "max connection age", "closed with its connection"),
        (grpc.StatusCode.CANCELLED, "CANCELLED", "error CANCELLED"),
        (grpc.StatusCode.UNAVAILABLE, "the worker is going", "error UNAVAILABLE"),
        (grpc.StatusCode.INTERNAL, "max connection age", "error INTERNAL"),
    ],
)
def test_a_watch_that_was_left_or_grew_too_old_has_not_failed(code: grpc.StatusCode, details: str, how: str) -> None:
    """Any other end of one has."""
    assert how_it_ended(Ended(code, details)) == how


def test_too_few_samples_are_not_judged() -> None:
    """An interrupt in the warm-up proves nothing."""
    outcome = outcome_of({"gateway": 0.0})
    outcome.samples = outcome.samples[:12]
    assert document_of(PLAN, outcome)["faults"] == ["too short to judge memory: 0 samples after the warm-up"]


def one(segment: str, source: int = pb.ASSIGNMENT_SOURCE_LIVE) -> Any:
    return SimpleNamespace(segmenter="tiers", segment=segment, source=source)


def ask_says(segment: str) -> Any:
    column = pb.AssignmentColumn(
        segmenter="tiers", segments=[pb.Segment(key=segment)], segment_indexes=[0], sources=[pb.ASSIGNMENT_SOURCE_LIVE]
    )
    return lambda request, timeout: pb.BatchGetSegmentsResponse(columns=[column])


def test_an_answer_between_two_looks_is_held_to_both() -> None:
    """What time changed is right on either side of the change; anything else is wrong, and so is a change undone."""
    tally = Tally()
    truth = Truth(["ann"], tally)
    truth.look(ask_says("low"))
    truth.answered("ann", [one("low"), one("high")])
    truth.look(ask_says("high"))
    assert (tally.wrong(), truth.moved) == ({}, 1)
    truth.answered("ann", [one("middle"), one("nobody's", pb.ASSIGNMENT_SOURCE_FALLBACK)])
    truth.look(ask_says("high"))
    assert (tally.wrong(), truth.compared) == ({"wrong: another segment": 1}, 3)


def test_calls_are_counted_by_minute() -> None:
    """Outcomes add up, and a kind's wrong ones are found among them."""
    tally = Tally()
    for took_s in (0.001, 0.003):
        tally.note("GetSegments", took_s, ["live", "fallback"])
    tally.add("WatchSegments", "wrong: told of a user it does not watch")
    assert tally.seen()["GetSegments"] == {"calls": 2, "fallback": 2, "live": 2}
    assert tally.wrong() == {"wrong: told of a user it does not watch": 1}
    assert tally.by_minute()["GetSegments"] == [{"minute": 0, "calls": 2, "p50_ms": 1.0, "p99_ms": 3.0, "max_ms": 3.0}]


def test_memory_is_read_as_the_kernel_tells_it(tmp_path: Path) -> None:
    """From the files of one process; one that has ended is None."""
    folder = tmp_path / "7"
    (folder / "fd").mkdir(parents=True)
    (folder / "fd" / "0").touch()
    rollup = {"Rss": 100, "Pss": 80, "Private_Clean": 10, "Private_Dirty": 40, "Anonymous": 30}
    lines = "".join(f"{name}: {value} kB\n" for name, value in rollup.items())
    (folder / "smaps_rollup").write_text("55d0-7ffc ---p 00000000 00:00 0 [rollup]\n" + lines, encoding="ascii")
    (folder / "status").write_text("Name:\tstrata\nThreads:\t5\n", encoding="ascii")
    heads = [
        "7f00-7f80 r--s 00000000 fe:00 9      /home/state/data.mdb",
        "7f80-7f90 r--p 00000000 fe:00 8      /lib/x.so",
    ]
    areas = "".join(
        f"{head}\nSize: 80 kB\nRss: {rss} kB\nPss: 1 kB\n" for head, rss in zip(heads, (12, 20), strict=True)
    )
    (folder / "maps").write_text("\n".join(heads) + "\n", encoding="ascii")
    (folder / "smaps").write_text(areas, encoding="ascii")
    found = Held(100 * 1024, 80 * 1024, 50 * 1024, 30 * 1024, 12 * 1024, 1, 5)
    assert (read_held(7, Path("/home/state/data.mdb"), tmp_path), found.judged) == (found, 88 * 1024)
    assert read_held(7, Path("/other/data.mdb"), tmp_path) == found._replace(state=0)
    assert read_held(8, Path("/home/state/data.mdb"), tmp_path) is None


def test_folders_are_added_up_while_files_go(tmp_path: Path) -> None:
    """Blocks on the disk, of what is there."""
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "a").write_bytes(b"x" * 10_000)
    look = folders.Folders(tmp_path)
    look.look()
    assert look.sizes[0][1]["log"] >= 10_000
    assert look.sizes[0][1]["history"] == 0


def test_a_picture_has_a_name_that_says_its_kind() -> None:
    """Before an hour is spent."""
    check_name(None)
    check_name(Path("memory.png"))
    with pytest.raises(InputInvalid, match=r"--picture is a file ending in .svg or .png, not memory.gif"):
        check_name(Path("memory.gif"))


def test_the_parity_samples_sums_are_read(tmp_path: Path) -> None:
    """Of its metrics file, those that add up."""
    path = tmp_path / "parity.prom"
    path.write_text("# TYPE x counter\nstrata_parity_differences 1\nstrata_parity_differences_total 2\n", "utf-8")
    assert trial.read_parity(path) == {"strata_parity_differences_total": 2.0}


def test_what_is_not_wrong_is_not_counted_so() -> None:
    """Counters of a sound run."""
    assert Counter(Tally().wrong()) == Counter()
