"""What `strata explain-latency` makes of calls: rows that add up, and how they are shown."""

from __future__ import annotations

import random
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from explaining_gateway import explained_call
from rich.console import Console

from strata.call_timing import Step
from strata.client import Client, ExplainedCall
from strata.command.explain import asking
from strata.command.explain.asking import Asked, Queue, ask, read_queue
from strata.command.explain.breakdown import Row, breakdown, own_seconds
from strata.command.explain.document import document
from strata.command.explain.view import render
from strata.command.top.pages import parse_page

FEATURES = Step("features", "", 0.0005, 0.002)
SCORE = Step("score", "tiers", 0.003, 0.004)
REPLY = Step("reply", "", 0.0075, 0.0005)
ONE_STEP = Step("score", "", 0.003, 0.001)


def shown(*calls: ExplainedCall, queue: Queue | None = None, interrupted: bool = False) -> list[str]:
    console = Console(file=StringIO(), width=80)
    console.print(render("127.0.0.1:7400", "ann", Asked(calls, interrupted), queue))
    assert isinstance(console.file, StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def total(rows: list[Row]) -> float:
    return sum(row.seconds for row in rows)


def test_rows_add_up_to_what_the_caller_waited() -> None:
    """Whatever steps there are, before, side by side with or inside each other; none counts more than it took."""
    chance = random.Random(7)
    for _ in range(300):
        steps = [
            Step(chance.choice(["features", "score", "reply"]), chance.choice(["", "a", "b"]),
                 chance.uniform(0.0, 0.012), chance.uniform(0.0, 0.01))
            for _ in range(chance.randrange(8))
        ]  # fmt: skip
        call = explained_call(*steps, before_s=chance.uniform(-0.1, 0.1))
        rows = breakdown(call)
        assert total(rows) == pytest.approx(call.seconds, abs=1e-12)
        assert all(row.seconds >= -1e-12 for row in rows[1:-1])
        for step, own_s in own_seconds(steps, call.handler.seconds):
            assert 0.0 <= own_s <= step.seconds + 1e-12


def test_each_part_is_a_row_in_the_order_of_the_call() -> None:
    rows = breakdown(explained_call(REPLY, SCORE, FEATURES))
    assert [row.key for row in rows] == [
        ("before", ""), ("features", ""), ("score", "tiers"), ("reply", ""), ("rest", ""), ("after", ""),
    ]  # fmt: skip
    assert [row.seconds for row in rows] == pytest.approx([0.001, 0.002, 0.004, 0.0005, 0.0035, 0.002])
    assert not any(row.beside_s for row in rows)


def test_of_scores_side_by_side_the_longest_counts() -> None:
    """The others are told, and count for what they took beyond it."""
    far, near = Step("score", "far", 0.003, 0.004), Step("score", "near", 0.006, 0.0015)
    rows = {row.key: row for row in breakdown(explained_call(far, near))}
    assert rows["score", "far"] == Row(("score", "far"), pytest.approx(0.004))  # type: ignore[arg-type]
    assert rows["score", "near"].seconds == pytest.approx(0.0005)
    assert rows["score", "near"].beside_s == pytest.approx(0.001)
    lines = shown(explained_call(far, near), explained_call(far, near, after_s=0.003))
    assert "score near *             0.500       0.500   +0.000" in lines
    assert "* slowest: score near took 1.000 ms more, beside a longer step" in lines


def test_a_score_asked_twice_is_one_row() -> None:
    """As where the quick way gave up and the ladder asked again."""
    again = replace(SCORE, at_s=0.0071, seconds=0.001)
    [row] = [row for row in breakdown(explained_call(SCORE, again)) if row.key == ("score", "tiers")]
    assert row.seconds == pytest.approx(0.005)


@pytest.mark.parametrize(("before_s", "after_s"), [(-5.0, 5.003), (50_000.0, -49_999.0)])
def test_other_clocks_leave_one_row_outside(before_s: float, after_s: float) -> None:
    """Nothing is said of before and after then."""
    call = explained_call(SCORE, before_s=before_s, after_s=after_s)
    assert call.outside is None
    first, *_, last = breakdown(call)
    assert (first.key, last.key) == (("outside", ""), ("rest", ""))
    assert first.seconds == pytest.approx(before_s + after_s)
    lines = shown(call, call)
    assert "the gateway has another clock: before and after its handler cannot be told apart" in lines
    assert not any(line.startswith(("before", "after")) for line in lines)


def test_the_slowest_stands_beside_the_median() -> None:
    """Rows of either; what only one has is a dash in the other; the last lines say where it was lost."""
    quick, slow = explained_call(FEATURES, ONE_STEP), explained_call(FEATURES, SCORE, REPLY, handler_s=0.05)
    queue = Queue(0.00005, 0.0021)
    assert shown(quick, slow, quick, queue=queue) == [
        "user ann at 127.0.0.1:7400: 3 calls one after the other",
        "",
        "                         median ms  slowest ms  more ms",
        "before the handler           1.000       1.000   +0.000",
        "features found and read      2.000       2.000   +0.000",
        "score, all in one step       1.000           -   -1.000",
        "score tiers                      -       4.000   +4.000",
        "reply                            -       0.500   +0.500",
        "rest of the handler          7.000      43.500  +36.500",
        "after the handler            2.000       2.000   +0.000",
        "total                       13.000      53.000  +40.000",
        "",
        "the slowest lost most in: rest of the handler (+36.500 ms)",
        "queue alone (calls the workers send themselves): p50 0.050, p99 2.100 ms",
    ]


def test_one_call_is_one_column() -> None:
    """There is nothing to compare."""
    lines = shown(explained_call(SCORE, degraded="segmenter_timeout"))
    assert lines[0] == "user ann at 127.0.0.1:7400: one call"
    assert lines[2].split() == ["ms"]
    assert "total                13.000" in lines
    assert lines[-1] == "the slowest was answered with fallback by tiers: segmenter timeout"


def test_everything_fits_80_columns() -> None:
    """With a long name and long times, no line is broken."""
    slow = Step("score", "a_segmenter_of_28_characters", 0.0, 99.0)
    lines = shown(explained_call(), explained_call(slow, handler_s=100.0), queue=Queue(0.00005, 0.01999))
    assert max(map(len, lines)) <= 80
    assert len(lines) == 11


class Interrupted(Client):
    """Answers some times, then Ctrl-C is pressed."""

    def __init__(self, answers: int) -> None:
        self.left = answers

    def explain_segments(self, user_id: str, *segmenters: str, timeout_s: float | None = None) -> ExplainedCall:
        if not self.left:
            raise KeyboardInterrupt
        self.left -= 1
        return explained_call(SCORE)


def test_an_interrupted_one_shows_what_there_is() -> None:
    """The first call connects and is not counted; without a counted one nothing is shown."""
    done: list[Any] = []
    asked = ask(Interrupted(4), "ann", (), 20, lambda: done.append(None))
    assert (len(asked.calls), len(done), asked.interrupted) == (3, 3, True)
    assert shown(*asked.calls, interrupted=True)[0].endswith("3 calls one after the other, interrupted")
    with pytest.raises(KeyboardInterrupt):
        ask(Interrupted(1), "ann", (), 20, lambda: None)


@pytest.mark.parametrize(("count", "found"), [(0, None), (100, Queue(0.001, 0.00198))])
def test_the_queue_is_read_from_the_page(count: int, found: Queue | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Since the start, of all workers; nothing where nobody has called yet."""
    counts = {"0.001": count // 2, "0.002": count, "+Inf": count}
    text = "".join(f'strata_queue_seconds_bucket{{le="{bound}"}} {each}\n' for bound, each in counts.items())
    page = parse_page(f"# TYPE strata_queue_seconds histogram\n{text}strata_queue_seconds_count {count}\n", 1.0)
    monkeypatch.setattr(asking, "read_page", {"127.0.0.1:7401": page}.get)
    queue = read_queue("127.0.0.1:7401")
    assert (queue is None) == (found is None)
    if queue is not None and found is not None:
        assert (queue.p50_s, queue.p99_s) == pytest.approx((found.p50_s, found.p99_s))
    assert read_queue("127.0.0.1:9") is None


def test_the_document_has_the_same_rows() -> None:
    """In milliseconds, to the nanosecond."""
    calls = [explained_call(SCORE, after_s=n / 1_000) for n in (5, 1, 2, 3)]
    found = document("h:1", "ann", Asked(calls, interrupted=False), None)
    assert found["total_ms"] == pytest.approx([16.0, 12.0, 13.0, 14.0])
    assert (found["median"]["total_ms"], found["slowest"]["total_ms"]) == (13.0, 16.0)
    assert (found["target"], found["user_id"], found["calls"]) == ("h:1", "ann", 4)
    assert (found["interrupted"], found["queue"]) == (False, None)
    slowest = found["slowest"]
    assert slowest["rows"][1] == {"step": "score", "segmenter": "tiers", "ms": 4.0, "beside_ms": 0.0}
    assert sum(row["ms"] for row in slowest["rows"]) == pytest.approx(slowest["total_ms"], abs=1e-5)
    assert (slowest["handler_ms"], slowest["one_clock"], slowest["sources"]) == (10.0, True, {"tiers": "live"})
    with_queue = document("h:1", "ann", Asked(calls, interrupted=False), Queue(0.0001, 0.002))
    assert with_queue["queue"] == {"p50_ms": 0.1, "p99_ms": 2.0}
