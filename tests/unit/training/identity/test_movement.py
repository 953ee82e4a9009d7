"""Who moved, and why."""

from __future__ import annotations

import numpy as np

from training.identity.movement import Causes, causes, release_sentence


def test_each_who_moved_has_one_cause() -> None:
    """By features, by the model, by either alone, only by both together, and one who stayed through all of it."""
    old_then = np.array(["a", "a", "a", "a", "a", "a"])
    old_now = np.array(["b", "a", "b", "a", "b", "a"])
    new_then = np.array(["a", "b", "b", "a", "b", "a"])
    new_now = np.array(["b", "b", "b", "b", "a", "a"])
    found = causes(old_then, old_now, new_then, new_now)
    assert found == Causes(users=6, features=1, model=1, both=2)
    assert found.moved == 4
    assert found.sentence("2017-11-01") == (
        "Of 6 users known then and now, 4 (66.7%) are in another segment than on 2017-11-01: 1 because their features "
        "changed, 1 because the model changed, 2 by both together."
    )
    stayed = causes(old_then, old_then, old_then, old_then)
    assert stayed.sentence("2017-11-01") == "None of 6 users is in another segment than on 2017-11-01."


def test_the_release_sentence_names_the_largest_group() -> None:
    """Keys decide who stays, not positions."""
    flows = np.array([[1, 80], [70, 9]])
    assert release_sentence(flows, ("a", "b"), ("b", "a"), "0123") == (
        "Replacing 0123 moves 10 of 160 users (6.2%) to another segment on the same features; "
        "the largest group, 9, goes from b to a."
    )
    assert release_sentence(np.diag([3, 4]), ("a", "b"), ("a", "b"), "0123").endswith("on the same features.")
