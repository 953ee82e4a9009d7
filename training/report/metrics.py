"""Metrics with the intervals that the evaluation measured for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from training.report.judged import Judged
from training.report.numbers import Interval, interval, spread

_COUNTS: Final = frozenset({"leaks_found", "segments"})


def metrics_with_intervals(judged: Judged) -> list[tuple[str, Interval]]:
    """Every metric of the manifest, in its order; one without a measured interval is an interval of one point."""
    measured = dict(_measured(judged))
    out = []
    for name, value in judged.evaluation.metrics.items():
        found = measured.get(name)
        # An interval of another sample (folds beside the hold-out) is not this figure's.
        fits = found is not None and abs(found.value - value) < 1e-9
        out.append((name, found if found is not None and fits else Interval(value, value, value)))
    return out


def told(name: str, found: Interval) -> str:
    """As it is printed: what is counted has no places after the point."""
    return f"{found.value:,.0f}" if name in _COUNTS else spread(found, 4)


def _measured(judged: Judged) -> Iterator[tuple[str, Interval]]:
    details = judged.details
    groups: list[Mapping[str, Any]] = [details.get("ranking") or {}, details.get("classes") or {}, *_chosen(judged)]
    for group in groups:
        for key, found in group.items():
            if isinstance(found, Mapping) and "value" in found and (read := interval(found)):
                yield key, read
    for band in details.get("bands", ())[:1]:
        for key in ("precision", "recall"):
            low, high = band.get(f"{key}_interval") or (None, None)
            if read := interval({"value": band.get(key), "low": low, "high": high}):
                yield f"{key}_top_band", read
    for one in details.get("fairness", ()):
        for key in ("demographic_parity", "equalised_odds"):
            if read := interval(one.get(key)):
                yield f"fairness.{one['attribute']}.{key}", read


def _chosen(judged: Judged) -> list[Mapping[str, Any]]:
    count = judged.evaluation.metrics.get("segments")
    return [one for one in judged.details.get("candidates", ()) if one["k"] == count]
