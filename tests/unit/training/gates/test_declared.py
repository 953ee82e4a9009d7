"""Gates, what follows when one is missed, and names that are none."""

from __future__ import annotations

import math

import pytest
from toy_training import RESPONDERS, TIERS, toy_definition

from strata.errors import DefinitionInvalid
from training.definition import Gate
from training.gates.decision import Decision, decide
from training.gates.declared import Unknown, judge
from training.gates.known import check_names

LEAST, MOST = Gate(at_least=0.7), Gate(at_most=0.2)


def test_a_figure_on_the_edge_meets_its_gate_and_nan_meets_none() -> None:
    """At least and at most include what they name."""
    found = {"above": 0.71, "edge": 0.7, "below": 0.69, "none": math.nan}
    least = judge(dict.fromkeys(found, LEAST), found, {})
    assert [one.passed for one in least] == [True, True, False, False]
    most = judge(dict.fromkeys(found, Gate(at_most=0.7)), found, {})
    assert [one.passed for one in most] == [False, True, True, False]


def test_a_miss_rejects_unless_it_holds() -> None:
    """Movement holds by itself, and rejects where the file says so."""
    gates = {"auc": LEAST, "moved_share": MOST}
    kinds = [one.otherwise for one in judge(gates, {"auc": 0.1, "moved_share": 0.9}, {})]
    assert kinds == ["reject", "hold"]
    strict = Gate.model_validate({"at_most": 0.2, "otherwise": "reject"})
    assert judge({"moved_share": strict}, {"moved_share": 0.9}, {})[0].otherwise == "reject"
    soft = Gate.model_validate({"at_least": 0.7, "otherwise": "hold"})
    assert judge({"auc": soft}, {"auc": 0.1}, {})[0].otherwise == "hold"


def test_the_statement_has_both_numbers() -> None:
    """As a person reads it."""
    assert judge({"auc": LEAST}, {"auc": 0.65432}, {})[0].statement == "auc is 0.654, at least 0.7 is asked"


def test_a_figure_nobody_knows_holds_unless_there_is_nothing_to_fear() -> None:
    """The first version has nobody to move; one whose predecessor cannot be read waits for a person."""
    first = judge({"moved_share": MOST}, {}, {"moved_share": Unknown("there is no version before it", passes=True)})
    assert first[0].passed
    assert first[0].statement == "moved_share: there is no version before it; at most 0.2 is asked"
    reject = Gate.model_validate({"at_most": 0.2, "otherwise": "reject"})
    blind = judge({"moved_share": reject}, {}, {"moved_share": Unknown("it is damaged", passes=False)})
    assert (blind[0].passed, blind[0].otherwise) == (False, "hold")
    assert not judge({"bic": LEAST}, {}, {})[0].passed


def test_the_worst_miss_decides_and_is_named_first() -> None:
    """Accept, hold, reject have the exit codes of the help."""
    gates = {"moved_share": MOST, "auc": LEAST}
    assert decide(judge(gates, {"auc": 0.8, "moved_share": 0.1}, {})) == Decision("accept", ("all 2 gates are met",))
    held = decide(judge(gates, {"auc": 0.8, "moved_share": 0.3}, {}))
    assert (held.verdict, held.exit_code) == ("hold", 3)
    rejected = decide(judge(gates, {"auc": 0.1, "moved_share": 0.3}, {}))
    assert (rejected.verdict, rejected.exit_code) == ("reject", 4)
    assert rejected.reasons == (
        "auc is 0.100, at least 0.7 is asked", "moved_share is 0.300, at most 0.2 is asked",
    )  # fmt: skip
    assert decide([]).exit_code == 0


def test_a_gate_on_no_figure_is_told_before_any_work() -> None:
    """With the name that was probably meant; a label's figure is none of a clustering's."""
    with pytest.raises(DefinitionInvalid, match=r"gate silhouete is no figure .*; did you mean silhouette\?"):
        check_names(toy_definition(TIERS, gates={"silhouete": 0.1}))
    with pytest.raises(DefinitionInvalid, match="gate roc_auc is no figure of such a training"):
        check_names(toy_definition(TIERS, gates={"roc_auc": 0.1}))
    check_names(toy_definition(RESPONDERS, gates={"fairness.toy:orders.equalised_odds": {"at_most": 0.1}}))
    check_names(toy_definition(RESPONDERS, gates={"fairness.toy:orders.demographic_parity_ratio": 0.8}))
    check_names(toy_definition(RESPONDERS, gates={"leaks_found": {"at_most": 0}}))
