"""What the proof of releases calls wrong, and what it prints."""

from __future__ import annotations

from typing import Any

import pytest

from loadtests.live.release_report import print_releases
from loadtests.releases.trial import Outcome, Trial, document_of, faults_of


def outcome(shadow: dict[str, float], rollback_s: float = 0.12, end_canary_s: float = 0.14) -> Outcome:
    """A sound trial but for what is given."""
    changes = [("promote", 1.4), ("rollback", 0.1), ("rollback", rollback_s), ("end canary", end_canary_s)]
    return Outcome(
        changes=changes, shares=[(0.05, 0.0512)], cpu_us={"without": [600.0], "with": [630.0]}, shadow=shadow, calls=900
    )  # fmt: skip


def document(shadow: dict[str, float], **more: float) -> dict[str, Any]:
    made = document_of(Trial("tiers", 1, 1.0), outcome(shadow, **more))
    return made | {"faults": faults_of(made)}


def test_a_sound_trial_has_no_faults_and_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """The canary's share, the shadow's disagreement and its drops among it; a promotion may load for a second."""
    made = document({"agreed": 300.0, "disagreed": 0.0, "dropped": 7.0, "failed": 0.0})
    print_releases(made)
    said = capsys.readouterr().out
    for words in (
        "canary of 5%: answered 5.12% of 50,000 users", "+30 us with", "all as it must be",
        "shadow's users: agreed 300, disagreed 0, dropped 7, failed 0; disagreement 0.00%",
    ):  # fmt: skip
        assert words in said
    assert made["faults"] == []


@pytest.mark.parametrize("shadow", [{}, {"agreed": 0.0, "dropped": 50.0}])
def test_a_shadow_that_compared_nobody_is_a_fault(shadow: dict[str, float], capsys: pytest.CaptureFixture[str]) -> None:
    """One that dropped everybody neither disagrees nor shows anything."""
    made = document(shadow)
    print_releases(made)
    assert made["faults"] == ["the shadow agreed on nobody"]
    assert "disagreement none compared" in capsys.readouterr().out


@pytest.mark.parametrize(("rollback_s", "end_canary_s", "kinds"), [
    (0.999, 0.999, []), (1.0, 0.1, ["rollback"]), (0.1, 1.2, ["end canary"]),
])  # fmt: skip
def test_a_rollback_takes_less_than_a_second(rollback_s: float, end_canary_s: float, kinds: list[str]) -> None:
    """The slowest, not the median; that of a canary too."""
    made = document({"agreed": 1.0}, rollback_s=rollback_s, end_canary_s=end_canary_s)
    slowest = {"rollback": rollback_s, "end canary": end_canary_s}
    assert made["faults"] == [f"{kind} took up to {slowest[kind]:.3f} s, not under 1 s" for kind in kinds]


def test_everything_else_that_is_wrong_is_said() -> None:
    """Each kind of it, once."""
    made = document({"agreed": 5.0, "disagreed": 1.0}) | {
        "failed": {"UNAVAILABLE": 2},
        "not_live": 3,
        "canary": [{"set": 0.05, "found": 0.07, "of_users": 1_000}, {"set": 0.5, "found": 0.495, "of_users": 1_000}],
    }
    assert faults_of(made) == [
        "2 calls failed with UNAVAILABLE",
        "3 calls were not answered live",
        "a canary of 5% answered 7.00% of 1,000 users",
        "a twin disagreed on 1 users",
    ]
