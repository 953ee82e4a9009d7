"""The sentences of an evaluation's first screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from strata.clock import format_instant
from training.clusters.measured import Measured

if TYPE_CHECKING:
    from training.clusters.fitted import FittedClusters

# An adjusted Rand index from which on a single user's segment may be relied on; the shipped gate asks for as much.
STABLE: Final = 0.7


def headline(fitted: FittedClusters, measured: Measured) -> list[str]:
    """How many of what size, whether they are found again, how well apart, who is left out, and since when."""
    return [_sizes(fitted, measured), *_trust(fitted, measured), *_noise(fitted, measured), *_windows(measured)]


def _sizes(fitted: FittedClusters, measured: Measured) -> str:
    total, clusters = measured.sizes.sum(), measured.clusters
    largest = fitted.names[int(clusters.argmax())].label.lower()
    return (
        f"{total:,} users fall into {fitted.choice.candidate.k} segments; the largest is {largest!r} with "
        f"{clusters.max() / total:.0%}, the smallest has {clusters.min() / total:.0%}."
    )


def _trust(fitted: FittedClusters, measured: Measured) -> list[str]:
    chosen = fitted.choice.candidate
    meaning = (
        "a user's segment is a property of the user, not of the sample."
        if chosen.stability >= STABLE
        else "where a user falls depends on the sample; read single assignments with care."
    )
    return [
        f"Refitted on resampled users, {chosen.stability:.0%} agreement beyond chance (adjusted Rand index): {meaning}",
        f"Separation (silhouette) {chosen.silhouette.value:.2f} ({chosen.silhouette.low:.2f} to "
        f"{chosen.silhouette.high:.2f}); cutting users into as many bands by "
        f"{measured.baseline_of} alone gives {measured.baseline:.2f}.",
    ]


def _noise(fitted: FittedClusters, measured: Measured) -> list[str]:
    if fitted.noise is None:
        return []
    share = measured.sizes[fitted.noise] / measured.sizes.sum()
    return [f"{share:.0%} belong to no group: {fitted.names[fitted.noise].label.lower()!r}."]


def _windows(measured: Measured) -> list[str]:
    if not measured.windows:
        return []
    worst = min(measured.windows, key=lambda window: window.agreement)
    return [
        f"Found again at {len(measured.windows)} earlier instants, the segments agree at least {worst.agreement:.0%} "
        f"beyond chance on the same users ({format_instant(worst.as_of_us)[:10]})."
    ]
