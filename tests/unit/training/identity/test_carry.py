"""Keys that follow the users."""

from __future__ import annotations

import numpy as np

from strata.runtime import SegmentEntry
from training.identity.carry import LONGEST, carry, renamings
from training.identity.match import match
from training.sections import SegmentText


def _text(key: str, label: str = "") -> SegmentText:
    return SegmentText(key=key, label=label or key.capitalize(), description=f"{key} by the rule.")


def _entry(key: str) -> SegmentEntry:
    return SegmentEntry(key, key.upper(), f"{key} of old. Typical: 3 days (a:b).")


OLD = (_entry("best"), _entry("low"))
DECLARED = {"best": _text("best"), "low": _text("low"), "some": _text("some")}


def test_a_matched_segment_keeps_its_key_whatever_the_rule_says() -> None:
    """The rule would swap the two; their users know them otherwise. The text is the definition's for that key."""
    birth = [_text("low"), _text("best")]
    given = carry(birth, OLD, match(np.array([[90, 5], [5, 90]])), DECLARED)
    assert given == [_text("best"), _text("low")]
    assert renamings(birth, given) == [
        "best keeps its key, as it holds the same users; by its shape the rule would call it low.",
        "low keeps its key, as it holds the same users; by its shape the rule would call it best.",
    ]


def test_a_key_the_definition_forgot_keeps_its_old_text_without_its_old_figures() -> None:
    """The typical member is described anew by the export."""
    given = carry([_text("best"), _text("low")], OLD, match(np.array([[90, 5], [5, 90]])), {"low": _text("low")})
    assert given[0] == SegmentText(key="best", label="BEST", description="best of old.")


def test_a_new_segment_has_the_rules_name_where_nobody_uses_it() -> None:
    """And a key of its own where an old segment has it, one that vanished too."""
    split = match(np.array([[60, 40, 0], [0, 0, 90]]))
    assert [text.key for text in carry([_text("best"), _text("some"), _text("low")], OLD, split, DECLARED)] == [
        "best", "some", "low",
    ]  # fmt: skip
    given = carry([_text("some"), _text("best"), _text("low")], OLD, split, DECLARED)
    assert [text.key for text in given] == ["best", "best_2", "low"]
    assert given[1].label == "Best (2)"
    gone = match(np.array([[60, 0], [1, 0], [0, 0]]))
    assert carry([_text("best"), _text("low")], (*OLD, _entry("low_2")), gone, DECLARED)[1].key == "low_3"


def test_a_fresh_key_is_still_a_key() -> None:
    """It is cut to the length a key may have."""
    long = "a" * LONGEST
    given = carry([_text(long)], (_entry(long),), match(np.array([[0], [5]])[:1]), {})
    assert given[0].key == "a" * (LONGEST - 2) + "_2"
