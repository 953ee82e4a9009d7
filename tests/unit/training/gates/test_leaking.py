"""A check for leaks that failed holds a version, whatever else was asked."""

from __future__ import annotations

from toy_training import RESPONDERS, toy_definition

from training.gates.judgement import Found, decide_about
from training.gates.leaking import leaks_outcome
from training.gates.parity import Parity
from training.rows import Evaluation

GOOD = {"check": "no user in two folds", "passed": True, "statement": "Each of 9 users is on one side."}
BAD = {"check": "features known at the label date", "passed": False, "statement": "v:next changes."}


def _decided(leaks: list[dict[str, object]], gates: dict[str, object]) -> tuple[str, str]:
    definition = toy_definition(RESPONDERS, gates=gates)
    evaluation = Evaluation({"roc_auc": 0.9, "leaks_found": float(sum(not one["passed"] for one in leaks))},
                            {"leaks": leaks})  # fmt: skip
    found = Found(Parity(9, 0, 0.0), {}, None, None, "")
    _, decision = decide_about(definition, evaluation, found)
    return decision.verdict, " ".join(decision.reasons)


def test_a_leak_holds_without_a_gate_and_says_which() -> None:
    """Good figures do not outweigh it: they may be the leak's."""
    verdict, why = _decided([BAD, GOOD], {"roc_auc": 0.7})
    assert verdict == "hold"
    assert "1 of 2 checks for leaks failed: v:next changes" in why
    assert _decided([GOOD, GOOD], {"roc_auc": 0.7})[0] == "accept"


def test_a_declared_gate_takes_its_place() -> None:
    """A file may tolerate an alarm it knows, or reject where this would hold."""
    assert _decided([BAD], {"leaks_found": {"at_most": 1}})[0] == "accept"
    assert _decided([BAD], {"leaks_found": {"at_most": 0, "otherwise": "reject"}})[0] == "reject"


def test_the_outcome_counts_what_was_looked_at() -> None:
    """Found is a number, so that a page can draw it beside the others."""
    passed = leaks_outcome([GOOD])
    assert (passed.found, passed.passed, passed.statement) == (0.0, True, "each of 1 checks for leaks passed")
    assert leaks_outcome([BAD, GOOD, BAD]).found == 2.0
