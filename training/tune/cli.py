"""`strata packages tune`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from strata.settings import load_settings
from training.figures_file import JsonFile, write_figures
from training.stored import asked_version

if TYPE_CHECKING:
    from strata.runtime.choice import Choice


def tune_package(
    name: str,
    version: Annotated[str, typer.Argument(help="An exact version, or latest.")] = "latest",
    rounds: Annotated[int, typer.Option(min=1, max=1_000, help="Interleaved rounds; the median counts.")] = 9,
    json_file: JsonFile = None,
) -> None:
    """Measure on this host which runtime scores a version soonest, and keep the choice beside it.

    Of trees the C kernel, LightGBM's C API, onnxruntime and lleaves' machine code (in an environment of its own, about
    400 MB, made once); of centroids, mixtures and weighted sums plain numbers and products of matrices. At 1, 32 and
    1,000 rows, on the version's reference. One that gives another segment, or a score farther than 1e-6 from the
    package's, is left out, and one that cannot score such a model says why. Gateways
    on this host take the choice when they next load the version; on another host it is not taken.
    """
    from training.tune.run import tune

    folder = asked_version(load_settings().packages, name, version)
    console = Console(highlight=False)
    with console.status(f"{name} {folder.name}: starting") as status:
        choice = tune(folder, rounds=rounds, tell=lambda stage: status.update(f"{name} {folder.name}: {stage}"))
    _show(choice, console)
    write_figures(json_file, {"segmenter": name, "version": folder.name} | asdict(choice))


def _show(choice: Choice, console: Console) -> None:
    sizes = list(next(iter(choice.measured.values())))
    table = Table("runtime", *(f"{_rows(int(size))}, us" for size in sizes), "")
    for runtime, times in choice.measured.items():
        uses = ", ".join(f"from {_rows(each.rows)} on" for each in choice.use if each.runtime == runtime)
        table.add_row(runtime, *(f"{times[size]:,.1f}" for size in sizes), uses)
    console.print(table)
    for runtime, why in choice.left_out.items():
        console.print(f"left out: {runtime}: {why}")
    console.print(f"measured on {choice.host.processor}")


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"
