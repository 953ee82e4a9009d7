"""What a contest says."""

from __future__ import annotations

from training.gates.champion import Contest


def test_worse_is_worse_beyond_chance_and_the_margin() -> None:
    """The whole interval has to lie below what is given up."""

    def worse(high: float, margin: float = 0.0) -> bool:
        difference = {"value": high - 0.01, "low": high - 0.02, "high": high}
        return Contest("0123456789ab", "roc_auc", difference, "Said.", margin).worse

    assert [worse(-0.001), worse(0.0), worse(0.001)] == [True, False, False]
    assert [worse(-0.031, 0.03), worse(-0.03, 0.03)] == [True, False]


def test_it_rejects_where_nobody_declared_otherwise() -> None:
    """With the low end as its figure, and its statement as the reason."""
    contest = Contest("0123456789ab", "roc_auc", {"value": -0.1, "low": -0.2, "high": -0.05}, "It is worse.", 0.03)
    outcome = contest.outcome()
    assert (outcome.passed, outcome.otherwise, outcome.found, outcome.statement) == (
        False, "reject", -0.2, "It is worse",
    )  # fmt: skip
    assert outcome.asked == "not worse beyond chance than 0123456789ab by more than 0.03"
