"""How many segments, by a stated rule over several criteria."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from training.clusters.candidate import Candidate

# A segment below is too small to be worth a campaign or a sentence, unless a gate says otherwise.
LEAST_SHARE: Final = 0.01


@dataclass(frozen=True)
class Rule:
    """What a number of segments must reach, and how much separation more of them may cost."""

    least_stability: float
    least_share: float
    tolerance: float
    before: int | None = None
    """How many there are now; None for the first version."""


@dataclass(frozen=True)
class Choice:
    """The chosen candidate and why, in sentences."""

    candidate: Candidate
    chosen_by: tuple[str, ...]


def choose(candidates: Sequence[Candidate], rule: Rule) -> Choice:
    """More segments say more: the most of them that the data carry; but as many as before, while the data carry those.

    A number that goes up one week and down the next moves users twice, for a separation that nobody sees.

    1. Candidates that are stable (`least_stability`) and whose smallest segment has `least_share` of the users; where
       none is, the most stable one (and the gates then say no).
    2. Of these, the ones whose silhouette is within `tolerance` of the best.
    3. Of these, as many as before. Where that is not among them, the most segments; but where Davies-Bouldin,
       Calinski-Harabasz and, for mixtures, the Bayesian information criterion all prefer one and the same smaller
       number, that.
    """
    sound = [one for one in candidates if one.stability >= rule.least_stability]
    sound = [one for one in sound if one.smallest_share >= rule.least_share]
    if not sound:
        return _least_bad(candidates, rule)
    best = max(sound, key=lambda one: one.silhouette.value)
    short = [one for one in sound if one.silhouette.value >= best.silhouette.value - rule.tolerance]
    for same in short:
        if same.k == rule.before:
            return Choice(same, (_why_as_before(same, best, rule), _preferences(candidates)))
    most = max(short, key=lambda one: one.k)
    preferred = {name: _preferred(short, figure) for name, figure in _criteria(short)}
    agreed = {one.k for one in preferred.values()}
    chosen = next(iter(preferred.values())) if len(agreed) == 1 and agreed != {most.k} else most
    return Choice(chosen, (_why(chosen, most, best, rule), _preferences(candidates)))


Figure = Callable[[Candidate], float]


def _criteria(candidates: Sequence[Candidate]) -> list[tuple[str, Figure]]:
    """Name and figure of each criterion that has a say beside separation; more is better."""
    found: list[tuple[str, Figure]] = [
        ("Davies-Bouldin", lambda one: -one.davies_bouldin),
        ("Calinski-Harabasz", lambda one: one.calinski_harabasz),
    ]
    if all(one.bic is not None for one in candidates):
        found.append(("BIC", lambda one: -(one.bic or 0.0)))
    return found


def _preferred(candidates: Sequence[Candidate], figure: Figure) -> Candidate:
    return max(candidates, key=lambda one: (figure(one), one.k))


def _why_as_before(same: Candidate, best: Candidate, rule: Rule) -> str:
    return (
        f"{same.k} segments, as before: their separation (silhouette {same.silhouette.value:.2f}) is within "
        f"{rule.tolerance:g} of the best ({best.silhouette.value:.2f} at {best.k}) among the numbers that are "
        f"{_sound(rule)}; another number would move users for less than that."
    )


def _why(chosen: Candidate, most: Candidate, best: Candidate, rule: Rule) -> str:
    sound = _sound(rule)
    if chosen is not most:
        return (
            f"{chosen.k} segments: of the numbers that are {sound} every other criterion prefers it to {most.k}, the "
            f"most whose separation is within {rule.tolerance:g} of the best."
        )
    return (
        f"{chosen.k} segments: the most whose separation (silhouette {chosen.silhouette.value:.2f}) is within "
        f"{rule.tolerance:g} of the best ({best.silhouette.value:.2f} at {best.k}), among the numbers that are {sound}."
    )


def _sound(rule: Rule) -> str:
    return (
        f"stable (adjusted Rand at least {rule.least_stability:g}) and have no segment under {rule.least_share:.0%} of "
        "the users"
    )


def _preferences(candidates: Sequence[Candidate]) -> str:
    """What each criterion alone would take, of all that were tried."""
    figures: list[tuple[str, Figure]] = [
        ("separation", lambda one: one.silhouette.value),
        *_criteria(candidates),
        ("stability", lambda one: one.stability),
    ]
    told = ", ".join(f"{name} {_preferred(candidates, figure).k}" for name, figure in figures)
    return f"Each criterion alone would take: {told}."


def _least_bad(candidates: Sequence[Candidate], rule: Rule) -> Choice:
    chosen = max(candidates, key=lambda one: one.stability)
    why = (
        f"No number of segments is stable (adjusted Rand at least {rule.least_stability:g}) with no segment under "
        f"{rule.least_share:.0%} of the users; {chosen.k} is the most stable."
    )
    return Choice(chosen, (why, _preferences(candidates)))
