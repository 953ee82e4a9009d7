"""What taking the likeliest users first is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from training.report.picture import Picture
from training.report.style import ACCENT, INK, panels


def gains_picture(lift: Sequence[Mapping[str, Any]]) -> Picture:
    """Gain (share of positives found) and lift (times the base rate) against the share of users taken."""
    made, (gain, times) = panels(2, 2, 3.7, 3.1)
    shares = [one["share"] for one in lift]
    gain.plot([0, *shares], [0, *(one["gain"] for one in lift)], "o-", color=ACCENT, markersize=3.5)
    gain.plot([0, 1], [0, 1], color=INK, linestyle=":", linewidth=1)
    gain.set_ylabel("share of positives found")
    gain.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    times.plot(shares, [one["lift"] for one in lift], "o-", color=ACCENT, markersize=3.5)
    times.axhline(1, color=INK, linestyle=":", linewidth=1)
    times.set_ylim(0, max(1.1, *(1.1 * one["lift"] for one in lift)))
    times.set_ylabel("times as many as by chance")
    for axes, name in ((gain, "Gain"), (times, "Lift")):
        axes.set_xlabel("users taken, likeliest first")
        axes.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
        axes.set_title(name, fontsize=9, loc="left", fontweight="bold")
    return Picture("Gain and lift", "Dotted: users taken by chance.", made)
