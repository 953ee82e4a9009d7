"""What may be asked."""

from __future__ import annotations

import pytest

from serving.domain.deadline import LEAST_RESERVE_S, MOST_RESERVE_S, Deadline
from serving.domain.failures import RequestInvalid
from serving.domain.questions import choose_segmenters, user_fault, valid_positions
from strata.errors import SegmenterNotFound

SERVED = {"tiers": 1, "promo": 2}


@pytest.mark.parametrize("user", ["1", "x" * 256, "é" * 128, "a b", "用户", "\u00ad"])
def test_an_id_of_1_to_256_bytes_without_control_characters_is_fine(user: str) -> None:
    assert user_fault(user) == ""


@pytest.mark.parametrize("user", ["", "x" * 257, "é" * 129, "\x00", "a\tb", "\x7f", "\x85"])
def test_any_other_id_has_a_fault(user: str) -> None:
    """Bytes count, not characters; C1 controls are controls."""
    assert user_fault(user)


def test_positions_are_given_only_when_some_id_is_bad() -> None:
    assert valid_positions(["a", "b"]) is None
    assert valid_positions(["a", "", "b"]) == [0, 2]


@pytest.mark.parametrize("count", [0, 1_001])
def test_a_batch_has_1_to_1000_users(count: int) -> None:
    with pytest.raises(RequestInvalid) as caught:
        valid_positions(["u"] * count)
    assert caught.value.violations[0].field == "user_ids"


def test_no_names_mean_all_and_names_keep_their_order() -> None:
    assert choose_segmenters([], SERVED) == ("tiers", "promo")
    assert choose_segmenters(["promo", "tiers"], SERVED) == ("promo", "tiers")


def test_an_unknown_name_tells_what_is_served() -> None:
    with pytest.raises(SegmenterNotFound, match="tiers, promo"):
        choose_segmenters(["tears"], SERVED)


def test_more_than_32_names_are_a_violation() -> None:
    with pytest.raises(RequestInvalid):
        choose_segmenters([f"s{i}" for i in range(33)], SERVED)


@pytest.mark.parametrize(("left", "reserve"), [(10.0, MOST_RESERVE_S), (0.1, 0.01), (0.01, LEAST_RESERVE_S)])
def test_a_part_of_the_deadline_is_kept_for_the_ladder(left: float, reserve: float) -> None:
    """A tenth, within bounds."""
    assert Deadline.after(left).for_segmenter_s() == pytest.approx(left - reserve, abs=0.005)
