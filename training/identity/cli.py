"""`strata segments`: what retraining does to segments and their users."""

from __future__ import annotations

from typing import Annotated, Literal

import typer
from rich.console import Console

from strata.clock import format_instant, parse_instant
from strata.settings import load_settings
from training.bar import stage_bar
from training.figures_file import JsonFile, write_figures

segments_app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="What retraining does to segments and their users."
)


@segments_app.command("diff")
def diff_segments(
    old: Annotated[str, typer.Argument(help="A version, NAME/latest, or the folder of a package.")],
    new: Annotated[str, typer.Argument(help="Likewise, of the same segmenter.")],
    on: Annotated[Literal["new", "old"], typer.Option(help="Whose reference users to compare on.")] = "new",
    json_file: JsonFile = None,
) -> None:
    """What each segment of one version is to another's, and which users change segment, on the same users.

    Both versions score the users of NEW's reference as they were at its training. Clusters are matched by the users
    they share: kept, new, vanished, merged, split; bands and classes are what they are called. A user moves when the
    key of their segment changes.
    """
    from training.identity.diff import diff, locate
    from training.identity.show import show_identity

    packages = load_settings().packages
    folders = locate(packages, old), locate(packages, new)
    found = diff(*folders, on=on)
    document = {"old": folders[0].name, "new": folders[1].name, "on": on, **found.to_json()}
    show_identity(document, Console(highlight=False))
    write_figures(json_file, document)


@segments_app.command("windows")
def retrain_on_windows(  # noqa: PLR0917 - as typed
    name: Annotated[str, typer.Argument(help="A file of training/segmenters, without .yaml.")],
    windows: Annotated[int, typer.Option(min=2, max=200, help="How many trainings.")] = 20,
    step_days: Annotated[int, typer.Option(min=1, max=365, help="From one clock to the next.")] = 7,
    as_of: Annotated[str | None, typer.Option(help="The last clock; the platform's by default.")] = None,
    span_days: Annotated[
        int | None, typer.Option(min=1, help="Learn from this many days before each clock; from all before by default.")
    ] = None,
    json_file: JsonFile = None,
) -> None:
    """Retrain at shifted clocks and count who keeps their segment's key, with identity and without.

    Beside identity: the naming rule alone at each clock, and naive retraining (clusters numbered as they come, another
    seed each time). Nothing is registered. Interrupted, it goes on from the last whole window (same arguments).
    """
    from strata.events import DAY_US
    from strata.registry import read_catalog
    from training.definition import load_definition
    from training.history import History
    from training.identity.show import show_windows
    from training.identity.windows_run import Plan, lay_back, run
    from training.produce import Sources
    from training.reader import FeastReader

    definition, settings, console = load_definition(name), load_settings(), Console(highlight=False)
    last_us = parse_instant(as_of) if as_of else settings.make_clock().now_us() // DAY_US * DAY_US
    span_us = None if span_days is None else span_days * DAY_US
    plan = Plan(definition, lay_back(last_us, windows, step_days), span_us, settings.run / "windows")
    reader = FeastReader(settings, read_catalog(settings.registry))
    with stage_bar(console, name, windows) as begin:
        clocks = [format_instant(clock_us)[:10] for clock_us in plan.clocks_us]
        found = run(plan, Sources(reader, History(settings.history)), lambda number: begin(clocks[number]))
    show_windows(found, console)
    write_figures(json_file, found)
