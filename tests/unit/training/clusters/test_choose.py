"""How many segments: the rule, case by case."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from training.clusters.candidate import Candidate
from training.clusters.choose import Rule, choose
from training.judge.intervals import Interval

RULE = Rule(least_stability=0.7, least_share=0.05, tolerance=0.03)


def _candidate(k: int, silhouette: float, **changes: Any) -> Candidate:
    figures = {"davies_bouldin": 1.0, "calinski_harabasz": 100.0, "stability": 0.9, "smallest_share": 0.1, **changes}
    spread = Interval(silhouette, silhouette - 0.01, silhouette + 0.01)
    return Candidate(k=k, silhouette=spread, stability_low=0.5, **figures)


def test_the_most_segments_that_cost_little_separation() -> None:
    """4 is within 0.03 of the best, 5 is not; criteria that disagree change nothing."""
    tried = [
        _candidate(3, 0.31, calinski_harabasz=120.0), _candidate(4, 0.29, davies_bouldin=0.9), _candidate(5, 0.25),
    ]  # fmt: skip
    choice = choose(tried, RULE)
    assert choice.candidate is tried[1]
    assert choice.chosen_by == (
        "4 segments: the most whose separation (silhouette 0.29) is within 0.03 of the best (0.31 at 3), among the "
        "numbers that are stable (adjusted Rand at least 0.7) and have no segment under 5% of the users.",
        "Each criterion alone would take: separation 3, Davies-Bouldin 4, Calinski-Harabasz 3, stability 5.",
    )


def test_fewer_where_every_other_criterion_says_so() -> None:
    """Davies-Bouldin and Calinski-Harabasz both prefer 3: then 3, and the sentence says why."""
    tried = [_candidate(3, 0.30, davies_bouldin=0.8, calinski_harabasz=150.0), _candidate(4, 0.29)]
    choice = choose(tried, RULE)
    assert choice.candidate.k == 3
    assert "every other criterion prefers it to 4" in choice.chosen_by[0]


def test_the_information_criterion_has_a_say_where_there_is_one() -> None:
    """For mixtures the two have to agree with it, or the most segments stay."""
    fewer = {"davies_bouldin": 0.8, "calinski_harabasz": 150.0}
    agreeing = [_candidate(3, 0.30, bic=-900.0, **fewer), _candidate(4, 0.29, bic=-800.0)]
    against = [_candidate(3, 0.30, bic=-800.0, **fewer), _candidate(4, 0.29, bic=-900.0)]
    assert choose(agreeing, RULE).candidate.k == 3
    assert choose(against, RULE).candidate.k == 4
    assert "BIC 4" in choose(against, RULE).chosen_by[1]


def test_as_many_as_before_while_the_data_carry_them() -> None:
    """4 by itself, 3 where there were 3. Not where that is too weak (5), has gone unstable (6) or is not tried (9)."""
    tried = [
        _candidate(3, 0.31, calinski_harabasz=120.0), _candidate(4, 0.29, davies_bouldin=0.9), _candidate(5, 0.25),
        _candidate(6, 0.31, stability=0.6),
    ]  # fmt: skip
    chosen = {before: choose(tried, replace(RULE, before=before)) for before in (None, 3, 4, 5, 6, 9)}
    assert {before: choice.candidate.k for before, choice in chosen.items()} == {
        None: 4, 3: 3, 4: 4, 5: 4, 6: 4, 9: 4,
    }  # fmt: skip
    assert (
        chosen[3]
        .chosen_by[0]
        .startswith("3 segments, as before: their separation (silhouette 0.31) is within 0.03 of the best (0.31 at 3)")
    )


def test_a_segment_too_small_rules_a_number_out() -> None:
    """However well separated; so does instability."""
    tried = [_candidate(3, 0.2), _candidate(4, 0.5, smallest_share=0.01), _candidate(5, 0.5, stability=0.6)]
    assert choose(tried, RULE).candidate.k == 3


def test_where_none_is_sound_the_most_stable_is_shown() -> None:
    """So that the gates can say no with figures."""
    tried = [_candidate(3, 0.5, stability=0.4), _candidate(4, 0.1, stability=0.6)]
    choice = choose(tried, RULE)
    assert choice.candidate.k == 4
    assert choice.chosen_by[0].startswith("No number of segments is stable")


def test_figures_come_back_from_their_json() -> None:
    """With and without an information criterion."""
    for one in (_candidate(3, 0.3), _candidate(4, 0.2, bic=-7.25)):
        assert Candidate.from_json(one.to_json()) == one
    assert "bic" not in _candidate(3, 0.3).to_json()
