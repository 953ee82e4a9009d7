"""Which features matter, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from training.judge.permutation import pays


def importance_sentence(permutation: Sequence[Mapping[str, Any]], metric_name: str = "roc_auc", named: int = 3) -> str:
    """The features a ranking would miss most, and how many it would hardly miss.

    >>> drops = [("v:recency", 0.06, 0.04), ("v:spend", 0.02, 0.01), ("v:kids", 0.0, -0.01)]
    >>> rows = [{"feature": f, "drop": {"value": v, "low": low, "high": 2 * v - low}} for f, v, low in drops]
    >>> print(importance_sentence(rows))
    Without what recency says, roc_auc falls by 0.060; next: spend (0.020). 2 of 3 features show that they pay.
    >>> print(importance_sentence(rows[2:]))
    None of 1 features shows that it pays: shuffled, none changes roc_auc by more than chance does.
    """
    paying = [one for one in permutation if pays(one)]
    count = f"{len(permutation)} features"
    if not paying:
        return f"None of {count} shows that it pays: shuffled, none changes {metric_name} by more than chance does."
    first, *others = paying[:named]
    said = f"Without what {plain(first['feature'])} says, {metric_name} falls by {first['drop']['value']:.3f}"
    if others:
        said += "; next: " + ", ".join(f"{plain(one['feature'])} ({one['drop']['value']:.3f})" for one in others)
    return f"{said}. {len(paying)} of {count} show that they pay."


def plain(feature: str) -> str:
    """`view:feature_name` as words.

    >>> plain("rfm:coupon_recency_365d")
    'coupon recency 365d'
    """
    return feature.rpartition(":")[2].replace("_", " ")
