"""Which new segment is which old one, on tables made by hand."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from training.identity.match import KEPT, Origin, cross, match


def _told(rows: list[list[int]], noise: tuple[int | None, int | None] = (None, None)) -> list[tuple[object, ...]]:
    """(kind, new position, origins, carried) of each."""
    return [(one.kind, one.new, one.origins, one.carried) for one in match(np.array(rows), noise)]


def test_clusters_in_another_order_are_the_same_segments() -> None:
    """Whatever the order, each goes on as the one whose users it holds."""
    rows = np.array([[90, 5, 5], [4, 80, 6], [1, 2, 70]])
    for order in permutations(range(3)):
        found = match(rows[:, list(order)])
        assert [(one.kind, one.carried) for one in found] == [("kept", old) for old in order]


def test_the_assignment_is_the_best_of_all_together() -> None:
    """The first segment's best match is the second's only one: both are kept, which a greedy choice would not do."""
    assert _told([[600, 400], [300, 0]]) == [("merged", 0, (0, 1), 1), ("kept", 1, (0,), 0)]


def test_size_alone_does_not_win() -> None:
    """A small segment that is whole in a large one does not take its name from the one that fills it."""
    found = match(np.array([[900, 0], [50, 10]]))
    assert [(one.kind, one.carried) for one in found] == [("kept", 0), ("split", None), ("vanished", 1)]


@pytest.mark.parametrize(("shared", "kind"), [(50, "kept"), (49, "new")])
def test_kept_needs_half_of_the_users_of_two_of_one_size(shared: int, kind: str) -> None:
    """50 of 100 and 100 is a Jaccard index of exactly a third."""
    rest = 100 - shared
    found = match(np.array([[shared, rest], [rest, 5_000]]))
    assert found[0].kind == kind
    assert (found[0].overlap >= KEPT) == (kind == "kept")


def test_a_segment_in_two_is_a_split_and_the_larger_half_goes_on() -> None:
    """The other half says where it is from."""
    assert _told([[70, 30, 0], [0, 2, 90]]) == [
        ("kept", 0, (0,), 0),
        ("split", 1, (0,), None),
        ("kept", 2, (1,), 1),
    ]


def test_users_who_crossed_a_border_are_no_split() -> None:
    """A new group that is mostly of one segment, and less than a tenth of it, is new."""
    assert _told([[95, 5, 0], [0, 4, 90]])[1] == ("new", 1, (), None)


def test_two_segments_in_one_are_merged_under_the_larger_ones_name() -> None:
    """The other is said to have vanished."""
    assert _told([[80, 0], [50, 0], [0, 90]]) == [
        ("merged", 0, (0, 1), 0),
        ("kept", 1, (2,), 2),
        ("vanished", None, (), 1),
    ]


def test_many_equal_ones_in_one_are_nobodys_successor() -> None:
    """Four of 25 %: what was said of any one of them is not true of the whole."""
    found = match(np.array([[25], [25], [25], [25]]))
    assert found[0] == Origin("merged", 0, (0, 1, 2, 3), 0.25, None)
    assert [one.kind for one in found[1:]] == ["vanished"] * 4


def test_a_group_from_everywhere_is_new() -> None:
    """And costs the others little."""
    assert _told([[80, 0, 20], [0, 80, 20], [0, 0, 0]])[2] == ("new", 2, (), None)


def test_noise_is_noise_and_nobodys_origin() -> None:
    """However large it is, its users name no segment; it goes on itself."""
    assert _told([[10, 60], [200, 30]], noise=(1, 0)) == [("kept", 0, (1,), 1), ("kept", 1, (0,), 0)]
    assert _told([[10, 90], [80, 0]], noise=(1, None))[0] == ("new", 0, (), None)
    assert _told([[10, 90], [80, 0]], noise=(None, 0))[0] == ("new", 0, (), None)


def test_an_empty_segment_is_new_and_an_empty_old_one_vanished() -> None:
    """Nothing is divided by no users."""
    assert _told([[10, 0], [0, 0]]) == [("kept", 0, (0,), 0), ("new", 1, (), None), ("vanished", None, (), 1)]


def test_cross_counts_pairs() -> None:
    """Old down, new across; combinations nobody has are there."""
    old, new = np.array([0, 0, 2], dtype=np.int32), np.array([1, 1, 0], dtype=np.int32)
    np.testing.assert_array_equal(cross(old, new, (3, 2)), [[0, 2], [0, 0], [1, 0]])
