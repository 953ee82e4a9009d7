"""`strata train`, and the rooms of `strata packages` and `strata segments`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from strata.clock import parse_instant, system_us
from strata.errors import InputInvalid
from strata.settings import Settings, load_settings
from training.bar import stage_bar
from training.figures_file import JsonFile, write_figures
from training.identity.cli import segments_app
from training.packages_cli import packages_app

if TYPE_CHECKING:
    from training.definition import Definition
    from training.produce import Produced
    from training.report.judged import Judged

HOUR_US = 3_600_000_000

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)
app.add_typer(packages_app, name="packages")
app.add_typer(segments_app, name="segments")


@app.command()
def train(  # noqa: PLR0917 - as typed
    name: Annotated[str | None, typer.Argument(help="A file of training/segmenters, without .yaml.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Train every declared segmenter.")] = False,
    as_of: Annotated[str | None, typer.Option(help="ISO 8601 instant; the platform's clock by default.")] = None,
    since: Annotated[
        str | None, typer.Option(help="Learn from users, labels and dates from here on: 180d, 26w, 2017-06-01.")
    ] = None,
    who: Annotated[str | None, typer.Option("--who", help="For the journal; by default USER@HOST.")] = None,
    json_file: JsonFile = None,
) -> None:
    """Fit a segmenter on what was known by the platform's clock, judge it, and accept, hold or reject it.

    The instant is the clock's, rounded down to the hour, so that training again within the hour on the same history
    gives the same version. Segments keep the keys their users know them by. Ends with the figures, the gates and where
    the evaluation page is.

    Exit codes: 0 accepted (`latest` means it now), 3 held (stored; a person may accept it: strata packages accept), 4
    rejected (only its report is kept), 2 the caller's mistake, 1 a failure. With --all, the highest of its decisions.
    """
    from training.definition import list_definitions, load_definition

    if (name is None) != every:
        raise InputInvalid(f"name one segmenter or give --all; declared: {', '.join(list_definitions())}")
    definitions = [load_definition(one) for one in (list_definitions() if name is None else [name])]
    settings = load_settings()
    as_of_us = _as_of_us(as_of, settings)
    asked = _Asked(settings, as_of_us, _since_us(since, as_of_us), who)
    console = Console(highlight=False)
    made = [asked.train(definition, console) for definition in definitions]
    write_figures(json_file, {"trained": [_figures(one) for one in made]})
    if code := max(one.decision.exit_code for one in made):
        raise typer.Exit(code)


def _as_of_us(as_of: str | None, settings: Settings) -> int:
    """The clock's hour, or what was asked. A replayed history may go on past its clock, but not past today."""
    now_us = settings.make_clock().now_us()
    if as_of is None:
        return now_us // HOUR_US * HOUR_US
    asked_us = parse_instant(as_of)
    if asked_us > max(now_us, system_us()):
        raise InputInvalid(f"--as-of {as_of} is yet to come; what is known by then cannot be learned from now")
    return asked_us


def _since_us(since: str | None, as_of_us: int) -> int | None:
    from training.window import parse_since

    return None if since is None else parse_since(since, as_of_us)


class _Asked:
    """What the command was given, for each of its segmenters."""

    def __init__(self, settings: Settings, as_of_us: int, since_us: int | None, who: str | None) -> None:
        self._settings, self._as_of_us, self._since_us, self._who = settings, as_of_us, since_us, who

    def train(self, definition: Definition, console: Console) -> Produced:
        from strata.registry import read_catalog
        from training.history import History
        from training.produce import Sources, produce
        from training.reader import FeastReader
        from training.report.tracking import track
        from training.stages import STAGES

        settings = self._settings
        reader = FeastReader(settings, read_catalog(settings.registry))
        with stage_bar(console, definition.name, len(STAGES)) as begin:
            made = produce(
                definition,
                Sources(reader, History(settings.history, self._since_us)),
                packages=settings.packages,
                as_of_us=self._as_of_us,
                releases=settings.releases,
                journal=settings.trainings,
                who=self._who,
                progress=begin,
            )
        _say(made, console)
        if warning := track(definition, _judged(definition, made), made.folder, settings.tracking):
            console.print(f"  warning: {warning}", soft_wrap=True, markup=False)
        return made


def _judged(definition: Definition, made: Produced) -> Judged:
    from training.report.judged import Judged

    return Judged(made.manifest, made.evaluation, definition.seed)


def _say(made: Produced, console: Console) -> None:
    entry = made.entry
    console.print(
        f"{made.manifest.segmenter} {made.manifest.version}: {entry['decision']}, {made.rows:,} rows, "
        f"{entry['seconds']:.1f} s"
    )
    for line in made.evaluation.headline:
        console.print(f"  {line}", soft_wrap=True)
    for gate in made.evaluation.details["gates"]:
        console.print(f"  {'met   ' if gate['passed'] else 'MISSED'} {gate['statement']}", soft_wrap=True)
    if made.repeated:
        console.print(
            f"  the same version was stored at {made.manifest.created_at}; its page is of then", soft_wrap=True
        )
    console.print(f"  page: {made.folder / 'evaluation.html'}", soft_wrap=True)
    if made.decision.verdict == "hold":
        command = f"strata packages accept {made.manifest.segmenter} {made.manifest.version} --why ..."
        console.print(f"  to accept it all the same: {command}", soft_wrap=True)


def _figures(made: Produced) -> dict[str, Any]:
    return {
        "segmenter": made.manifest.segmenter,
        "version": made.manifest.version,
        "decision": made.decision.verdict,
        "reasons": list(made.decision.reasons),
        "folder": str(made.folder),
        "rows": made.rows,
        "seconds": made.entry["seconds"],
        "metrics": made.manifest.metrics,
        "measured": made.evaluation.details["measured"],
        "identity": made.evaluation.details.get("identity"),
        "champion": made.evaluation.details.get("champion"),
        "gates": made.evaluation.details["gates"],
    }
