"""Every figure of a version brought together, its gates over them, and the decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from training.definition import Definition
from training.gates.champion import METRIC, Contest
from training.gates.decision import Decision, decide
from training.gates.declared import Outcome, Unknown, judge
from training.gates.leaking import METRIC as LEAKS
from training.gates.leaking import leaks_outcome
from training.gates.parity import Parity
from training.identity.solution import Identity
from training.rows import Evaluation


@dataclass(frozen=True)
class Found:
    """What is known of a version beside what its evaluation says. None of it decides what it is."""

    parity: Parity
    latency: Mapping[str, float]
    identity: Identity | None
    contest: Contest | None
    fault: str
    """Why a version before could not be compared; empty where none was there, or it was."""

    @property
    def measured(self) -> dict[str, float]:
        return {"export_difference": self.parity.difference, **self.latency}

    @property
    def relative(self) -> dict[str, float]:
        """Figures that depend on the version before."""
        moved = {} if self.identity is None else {"moved_share": self.identity.moved_share}
        return moved if self.contest is None else {**moved, METRIC: self.contest.difference["low"]}

    def unknown(self) -> dict[str, Unknown]:
        """Nothing before it: nothing to fear. Something that cannot be compared: a person looks."""
        if self.fault:
            return dict.fromkeys(("moved_share", METRIC), Unknown(self.fault, passes=False))
        first = Unknown("there is no version before it", passes=True)
        if self.identity is None:
            return {"moved_share": first, METRIC: first}
        return {METRIC: Unknown("the version before cannot be judged on these rows", passes=False)}


def decide_about(definition: Definition, evaluation: Evaluation, found: Found) -> tuple[Evaluation, Decision]:
    """The evaluation with identity, gates, champion and decision among its details, and the decision."""
    figures = {**evaluation.metrics, **found.measured, **found.relative}
    outcomes = judge(definition.gates, figures, found.unknown())
    outcomes.append(found.parity.outcome())
    if "leaks" in evaluation.details and LEAKS not in definition.gates:
        outcomes.append(leaks_outcome(evaluation.details["leaks"]))
    if found.contest is not None and METRIC not in definition.gates:
        outcomes.append(found.contest.outcome())
    decision = decide(outcomes)
    details = {**evaluation.details, **_details(found, outcomes, decision)}
    moved = [] if found.identity is None else found.identity.reasons[:1]
    headline = [*evaluation.headline, *moved, decision.sentence]
    return replace(evaluation, details=details, headline=headline), decision


def _details(found: Found, outcomes: list[Outcome], decision: Decision) -> dict[str, Any]:
    details: dict[str, Any] = {
        "measured": found.measured,
        "gates": [each.to_json() for each in outcomes],
        "decision": decision.verdict,
        "decision_reasons": list(decision.reasons),
    }
    if found.identity is not None:
        details["identity"] = found.identity.to_json()
    elif found.fault:
        details["identity"] = {"previous": None, "segments": [], "reasons": [found.fault]}
    if found.contest is not None:
        details["champion"] = found.contest.to_json()
    return details
