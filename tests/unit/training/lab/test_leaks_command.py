"""`strata lab leaks` says what it cannot do before it reads anything."""

from __future__ import annotations

import pytest

from strata.errors import InputInvalid, SegmenterNotFound
from training.lab.cli import leaks


def test_a_segmenter_without_a_label_is_refused() -> None:
    """And one that is not declared, with those that are."""
    with pytest.raises(InputInvalid, match="value_tiers has no label"):
        leaks("value_tiers")
    with pytest.raises(SegmenterNotFound, match="promo_responder"):
        leaks("promo_respnder")
