"""Offered load: what is made of a step's calls, of rounds of steps, and what they are held to."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from loadtests.bench.summary import Figure
from loadtests.offered.picture import draw, require_kind
from loadtests.offered.plan import Plan
from loadtests.offered.report import offered_document, offered_markdown
from loadtests.offered.steps import Step, step_of
from loadtests.offered.summary import held_to, rows
from loadtests.overload.tally import OK, RESOURCE_EXHAUSTED, WRONG, Tally
from strata.errors import InputInvalid

PLAN = Plan(rounds=3, seconds=2.5, shares=(0.5, 0.9), ramp_s=0.5)


def offered(good_ms: list[float], refused: int = 0, late_ms: float = 0.1) -> Tally:
    """In each tenth of a second a call per latency and some refusals; before that, half a second of a cold start."""
    tally = Tally()
    for number in range(25):
        due_s = number / 10 + 0.05
        for latency_ms in [500.0] if number < 5 else good_ms:
            tally.ended(OK, due_s, due_s + latency_ms / 1e3, 1.0)
        for _ in range(refused if number >= 5 else 0):
            tally.ended(RESOURCE_EXHAUSTED, due_s, due_s + 0.001, 1.0)
    tally.late_s = [late_ms / 1e3] * 100
    return tally


def a_step(side: str, share: float, p99_ms: float, *, capacity_after: float = 1_000.0, late_ms: float = 0.1) -> Step:
    """100 answers a tenth of a second, two of which take `p99_ms`."""
    tally = offered([1.0] * 98 + [p99_ms] * 2, late_ms=late_ms)
    return step_of(side, share, tally, PLAN, (1_000.0, capacity_after))


def test_a_step_counts_what_was_due_after_its_ramp() -> None:
    """The slow start before it is in no figure."""
    made = step_of("embedded", 0.5, offered([1.0] * 9 + [10.0]), PLAN, (200.0, 210.0))
    assert made.offered_per_s == made.goodput_per_s == pytest.approx(100)
    assert (made.p50_ms, made.p90_ms) == (pytest.approx(1), pytest.approx(1))
    assert (made.p99_ms, made.p99_9_ms) == (pytest.approx(10), pytest.approx(10))
    assert (made.deadline_s, made.ends_per_s, made.unfit) == (1.0, {}, "")


def test_refusals_leave_the_latency_of_answers_and_lengthen_that_of_everything() -> None:
    """A server cannot buy a short tail by turning calls away: each counts as long as its caller would have waited."""
    made = step_of("embedded", 0.9, offered([1.0] * 98, refused=2), PLAN, (200.0, 200.0))
    assert made.ends_per_s == {"resource_exhausted": pytest.approx(20)}
    assert (made.p99_ms, made.p99_9_ms) == (pytest.approx(1), pytest.approx(1))
    assert (made.p99_of_all_ms, made.p99_9_of_all_ms) == (1_000.0, 1_000.0)
    assert made.offered_per_s == pytest.approx(1_000)


@pytest.mark.parametrize(
    ("late_ms", "capacity_after", "why"),
    [(1.9, 1_240.0, ""), (2.1, 1_000.0, "late"), (0.1, 1_260.0, "unsteady"), (0.1, 790.0, "unsteady")],
)
def test_a_late_caller_and_a_machine_that_changed_say_nothing(late_ms: float, capacity_after: float, why: str) -> None:
    assert a_step("echo", 0.5, 3.0, capacity_after=capacity_after, late_ms=late_ms).unfit == why


def test_a_row_is_the_median_of_its_fit_rounds() -> None:
    steps = [a_step("echo", 0.5, p99_ms) for p99_ms in (3.0, 5.0)]
    steps.append(a_step("echo", 0.5, 90.0, late_ms=30.0))
    (row,) = rows(steps)
    assert (row.rounds, row.fit_rounds, row.unfit) == (3, 2, ["late"])
    assert row.p99_ms == Figure(4.0, 3.0, 5.0)
    assert row.late_p99_ms.most == pytest.approx(0.1)


def test_a_row_without_a_fit_round_is_told_and_marked() -> None:
    steps = [a_step("echo", 0.5, 90.0, late_ms=30.0), a_step("echo", 0.5, 3.0, capacity_after=2_000.0)]
    (row,) = rows(steps)
    assert (row.fit_rounds, row.unfit, row.p99_ms.most) == (0, ["late", "unsteady"], 90.0)
    assert "| **echo** | **50%** |" in offered_markdown(steps, PLAN, "strata bench offered")


def test_rows_are_by_side_as_measured_then_by_load() -> None:
    steps = [a_step(side, share, 3.0) for share in (0.9, 0.5) for side in ("echo", "embedded")]
    found = [(one.side, one.share) for one in rows(steps)]
    assert found == [("echo", 0.5), ("echo", 0.9), ("embedded", 0.5), ("embedded", 0.9)]


def test_the_tail_at_half_is_held_to_the_echos_round_by_round() -> None:
    """4 / 2, 3 / 3 and 9 / 6 are 2, 1 and 1.5: the quotient of the medians would be 4 / 3."""
    pairs = [(4.0, 2.0), (3.0, 3.0), (9.0, 6.0)]
    steps = [a_step(*one) for ours, theirs in pairs for one in (("echo", 0.5, theirs), ("embedded", 0.5, ours))]
    held = held_to([*steps, *(a_step("embedded", 0.9, 120.0) for _ in range(3))])
    half, nearly_full = held.ratios
    assert (half.name, half.value, half.at_most, half.kept) == (
        "p99 at 50 %, embedded / echo", Figure(1.5, 1.0, 2.0), 1.5, True,
    )  # fmt: skip
    assert (nearly_full.name, nearly_full.value.median, nearly_full.kept) == (
        "p99.9 at 90 %, embedded, ms",
        120.0,
        False,
    )
    assert held.unmeasured == []


def test_a_pair_counts_only_when_both_are_fit() -> None:
    steps = [
        a_step("echo", 0.5, 2.0), a_step("embedded", 0.5, 4.0, late_ms=9.0),
        a_step("echo", 0.5, 2.0, capacity_after=10.0), a_step("embedded", 0.5, 8.0),
        a_step("echo", 0.5, 2.0), a_step("embedded", 0.5, 6.0),
    ]  # fmt: skip
    held = held_to(steps)
    assert [one.value for one in held.ratios] == [Figure(3.0, 3.0, 3.0)]
    assert held.unmeasured == ["p99.9 at 90 %, embedded, ms"]
    assert "NOT MEASURED, for no round was fit: p99.9 at 90 %" in offered_markdown(steps, PLAN, "strata bench offered")


def test_other_sides_are_told_without_a_bound() -> None:
    steps = [a_step(side, 0.5, 3.0) for side in ("echo", "embedded", "redis")]
    assert [(one.name, one.kept) for one in held_to(steps).ratios] == [
        ("p99 at 50 %, embedded / echo", True), ("p99 at 50 %, redis / echo", None),
    ]  # fmt: skip


def test_ends_are_refused_given_up_or_failed() -> None:
    ends = {
        "cancelled": 1.0,
        "unavailable": 2.0,
        "given_up": 4.0,
        "deadline_exceeded": 8.0,
        "lost": 16.0,
        "wrong": 32.0,
    }
    (row,) = rows([replace(a_step("embedded", 3.0, 3.0), ends_per_s=ends)])
    assert [one.median for one in (row.refused_per_s, row.given_up_per_s, row.failed_per_s)] == [3.0, 12.0, 48.0]


def test_a_wrong_answer_is_no_good_one() -> None:
    tally = offered([1.0])
    tally.ended(WRONG, 1.0, 1.001, 1.0)
    made = step_of("echo", 0.5, tally, PLAN, (10.0, 10.0))
    assert made.ends_per_s == {"wrong": pytest.approx(0.5)}
    assert made.goodput_per_s == pytest.approx(10)


def test_latencies_of_a_drowned_server_are_not_told() -> None:
    """The one answer in a thousand came before the water."""
    drowned = replace(a_step("echo", 2.0, 3.0), offered_per_s=2_000.0, goodput_per_s=1.0)
    (row,) = rows([drowned])
    assert not row.answers
    assert "| - | - | - | - |" in offered_markdown([drowned], PLAN, "strata bench offered")


def test_the_document_is_json_with_every_step() -> None:
    steps = [a_step("echo", 0.5, 3.0), a_step("embedded", 0.5, 3.0, late_ms=9.0)]
    document = json.loads(json.dumps(offered_document(steps, PLAN, "strata bench offered")))
    assert [(one["side"], one["unfit"]) for one in document["steps"]] == [("echo", ""), ("embedded", "late")]
    assert [(one["side"], one["fit_rounds"]) for one in document["rows"]] == [("echo", 1), ("embedded", 0)]
    assert document["fit"] == {"late_p99_ms": 2.0, "capacity_quotient": 1.25}
    assert document["plan"]["heavy_deadline_s"] == 0.1


def test_a_picture_is_drawn_as_its_name_says(tmp_path: Path) -> None:
    found = rows(a_step(side, share, 3.0) for side in ("echo", "embedded") for share in (0.5, 0.9))
    draw(found, tmp_path / "new" / "offered.svg")
    draw(found, tmp_path / "offered.png")
    assert "embedded p99" in (tmp_path / "new" / "offered.svg").read_text(encoding="utf-8")
    assert (tmp_path / "offered.png").read_bytes().startswith(b"\x89PNG")


def test_a_picture_of_another_kind_is_refused_before_anything_is_measured() -> None:
    with pytest.raises(InputInvalid, match=r"a picture is \.png or \.svg, and offered\.jpg is neither"):
        require_kind(Path("offered.jpg"))
