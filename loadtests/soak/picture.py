"""Resident memory over time, as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from strata.errors import InputInvalid

KINDS: Final = (".svg", ".png")
MINUTE_S: Final = 60.0


def check_name(path: Path | None) -> None:
    """Raises InputInvalid for a name that says no kind we draw, before an hour is spent."""
    if path is not None and path.suffix not in KINDS:
        raise InputInvalid(f"--picture is a file ending in {' or '.join(KINDS)}, not {path.name}")


def draw_memory(path: Path, document: dict[str, Any]) -> None:
    """A line per process (`series` of the document): what is judged, and dotted what is resident in all; the warm-up in
    grey. Raises InputInvalid without matplotlib."""
    try:
        from matplotlib import colormaps
        from matplotlib.figure import Figure
    except ImportError:
        raise InputInvalid("--picture needs matplotlib, which is not installed here") from None

    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.add_subplot()
    axes.set_prop_cycle(color=[colormaps["tab20"](place) for place in range(20)])  # there are more processes than ten
    series = document["series"]
    minutes = [at_s / MINUTE_S for at_s in series["at_s"]]
    for name, values in series["judged_mb"].items():
        (line,) = axes.plot(minutes, _drawn(values), label=name, linewidth=1)
        axes.plot(minutes, _drawn(series["rss_mb"][name]), color=line.get_color(), linewidth=0.8, linestyle=":")
    axes.axvspan(0, document["plan"]["warm_s"] / MINUTE_S, color="0.92")
    axes.set(
        xlabel="minutes",
        ylabel="resident, MB (dotted: with the state's pages)",
        ylim=(0, None),
        title="strata prove soak: memory by process",
    )
    figure.legend(loc="outside right upper", fontsize="small", frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def _drawn(values: list[float | None]) -> list[float]:
    return [float("nan") if value is None else value for value in values]
