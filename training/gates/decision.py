"""Accept, hold or reject, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from training.gates.declared import Outcome

Verdict = Literal["accept", "hold", "reject"]

# Apart from 1 (something failed) and 2 (the caller's mistake): a scheduler tells a decision from a fault by the code.
EXIT_CODES: Final = MappingProxyType({"accept": 0, "hold": 3, "reject": 4})


@dataclass(frozen=True)
class Decision:
    """What became of a version."""

    verdict: Verdict
    reasons: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.verdict]

    @property
    def sentence(self) -> str:
        """For people."""
        words = {"accept": "Accepted", "hold": "Held for a person", "reject": "Rejected"}
        return f"{words[self.verdict]}: {'; '.join(self.reasons)}."


def decide(outcomes: Sequence[Outcome]) -> Decision:
    """Reject when a gate that rejects is missed, hold when one that holds is, else accept."""
    missed = [each for each in outcomes if not each.passed]
    if not missed:
        met = f"all {len(outcomes)} gates are met" if len(outcomes) > 1 else "its gate is met"
        return Decision("accept", (met if outcomes else "no gate is declared",))
    rejecting = [each for each in missed if each.otherwise == "reject"]
    verdict: Verdict = "reject" if rejecting else "hold"
    ranked = rejecting + [each for each in missed if each.otherwise == "hold"]
    return Decision(verdict, tuple(each.statement for each in ranked))
