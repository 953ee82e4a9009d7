"""From one release to the next."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata.errors import InputInvalid, SegmenterNotFound
from strata.release import (
    Canary,
    Change,
    Release,
    SegmenterRelease,
    UserShare,
    end_canary,
    end_shadow,
    promote,
    roll_back,
    set_canary,
    set_shadow,
    with_segmenter,
)

A, B, C = "aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc"
FIRST = with_segmenter(Release(0), "tiers", A)


def test_a_promotion_remembers_what_was_live_and_ends_the_promoted_canary_and_shadow() -> None:
    """Another canary or shadow goes on."""
    release = set_shadow(set_canary(FIRST, "tiers", B, 0.1), "tiers", C)
    assert promote(release, "tiers", B).segmenters["tiers"] == SegmenterRelease(B, A, None, C)
    assert promote(release, "tiers", C).segmenters["tiers"] == SegmenterRelease(C, A, Canary(B, 0.1), "")
    assert promote(release, "tiers", C).serial == release.serial + 1 == 4


def test_a_rollback_ends_the_canary_first_then_goes_back_and_forth() -> None:
    """What is live is left alone while a canary runs."""
    release = set_canary(promote(FIRST, "tiers", B), "tiers", C, 1.0)
    without = roll_back(release, "tiers")
    assert without.segmenters["tiers"] == SegmenterRelease(B, A)
    back = roll_back(without, "tiers")
    assert back.segmenters["tiers"] == SegmenterRelease(A, B)
    assert roll_back(back, "tiers").segmenters["tiers"] == SegmenterRelease(B, A)


def test_a_shadow_that_becomes_live_by_a_rollback_is_shadow_no_more() -> None:
    """A version is not compared with itself."""
    release = set_shadow(promote(FIRST, "tiers", B), "tiers", A)
    assert roll_back(release, "tiers").segmenters["tiers"] == SegmenterRelease(A, B)


def test_other_segmenters_are_left_alone() -> None:
    """A change is of one segmenter."""
    release = with_segmenter(FIRST, "promo", C)
    changed = promote(release, "tiers", B)
    assert changed.segmenters["promo"] == release.segmenters["promo"]
    assert release.segmenters["tiers"] == SegmenterRelease(A)


def test_what_changes_nothing_or_cannot_be_is_refused_in_a_sentence() -> None:
    """Each with its own words."""
    canary = set_canary(FIRST, "tiers", B, 0.5)
    refusals = [
        (lambda: promote(FIRST, "tiers", A), "live already"),
        (lambda: promote(FIRST, "tiers", "latest"), "not a version"),
        (lambda: set_canary(FIRST, "tiers", A, 0.5), "answers for everybody"),
        (lambda: set_canary(canary, "tiers", B, 0.5), "already"),
        (lambda: set_canary(FIRST, "tiers", B, 0.0), "above 0"),
        (lambda: set_canary(FIRST, "tiers", B, float("nan")), "above 0"),
        (lambda: end_canary(FIRST, "tiers"), "has no canary"),
        (lambda: set_shadow(FIRST, "tiers", A), "compared with itself"),
        (lambda: set_shadow(set_shadow(FIRST, "tiers", B), "tiers", B), "shadow already"),
        (lambda: end_shadow(FIRST, "tiers"), "has no shadow"),
        (lambda: roll_back(FIRST, "tiers"), "only version that was ever live"),
        (lambda: Change("promote", "tiers", "ann", " "), "says why"),
        (lambda: Change("promote", "tiers", "", "x"), "says who"),
        (lambda: Change("promote", "tiers", "ann", "x" * 3_000), "longer than"),
    ]
    for refused, words in refusals:
        with pytest.raises(InputInvalid, match=words):
            refused()
    with pytest.raises(SegmenterNotFound):
        promote(FIRST, "nobody", B)


def test_versions_to_load_are_each_named_once_the_live_one_first() -> None:
    """Live, canary, shadow, and the one a rollback goes to."""
    assert SegmenterRelease(B, A, Canary(C, 0.1), A).versions == (B, C, A)
    assert SegmenterRelease(A).versions == (A,)


@given(st.text(max_size=20), st.floats(0, 1), st.floats(0, 1))
def test_a_growing_share_only_takes_users_in(user: str, one: float, other: float) -> None:
    """And a full one holds everybody, an empty one nobody."""
    small, large = sorted((one, other))
    assert UserShare("tiers", small).holds(user) <= UserShare("tiers", large).holds(user)
    assert UserShare("tiers", 1.0).holds(user)
    assert not UserShare("tiers", 0.0).holds(user)


def test_a_share_holds_its_share_of_users_whatever_they_are_called() -> None:
    """Within a fifth of a percentage point of 100,000, and differently for each segmenter."""
    for name in ("{}", "household-{:08d}", "{:x}@example.org"):
        users = [name.format(number) for number in range(100_000)]
        for share in (0.01, 0.1, 0.5):
            held = UserShare("tiers", share)
            assert abs(sum(map(held.holds, users)) / len(users) - share) < 0.005
    both = UserShare("tiers", 0.5), UserShare("promo", 0.5)
    assert abs(sum(both[0].holds(user) and both[1].holds(user) for user in users) / len(users) - 0.25) < 0.01
