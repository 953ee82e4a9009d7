"""`strata release`: show, history, promote, canary, shadow, rollback."""

from __future__ import annotations

import getpass
import json
import socket
from collections.abc import Callable
from itertools import islice
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from serving.releases.office import ReleaseOffice
from strata import release as releases
from strata.clock import format_instant
from strata.errors import InputInvalid
from strata.release import Change, Entry, Release
from strata.release.document import to_document
from strata.settings import load_settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Which version of each segmenter answers, and every change of that. A running gateway takes a change up "
    "without a restart: it loads the version beside the old one, rehearses it on users asked about lately, and "
    "switches between two calls. Without a running gateway the next start serves it.",
)

Name = Annotated[str, typer.Argument(metavar="SEGMENTER")]
Version = Annotated[str, typer.Argument(help="An exact version, or `latest` for the one trained last.")]
Why = Annotated[str, typer.Option("--why", help="The reason, for the audit log.")]
Who = Annotated[str | None, typer.Option("--who", help="By default USER@HOST.")]
Wait = Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait until every worker serves it.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def show(as_json: AsJson = False) -> None:
    """The release in force, and how far the workers of a running gateway have got with it."""
    office = ReleaseOffice(load_settings())
    entry, workers = office.newest(), office.workers()
    if as_json:
        progress = [
            {"worker": each.worker, "serial": each.serial, "refused": each.refused_serial, "refusal": each.refusal}
            for each in workers
        ]
        typer.echo(json.dumps({**to_document(entry), "workers": progress}))
        return
    table = Table("segmenter", "live", "canary", "shadow", "previous", box=None)
    for name, held in entry.release.segmenters.items():
        canary = f"{held.canary.version} for {held.canary.share:.4g}" if held.canary else ""
        table.add_row(name, held.live, canary, held.shadow, held.previous)
    console = Console()
    console.print(f"release {entry.release.serial}, {_told(entry)}", highlight=False)
    console.print(table)
    if not workers:
        console.print("no gateway runs here; the next start serves it", highlight=False)
    for each in workers:
        behind = f", not {each.refused_serial}: {each.refusal}" if each.refusal else ""
        console.print(f"worker {each.worker} serves release {each.serial}{behind}", highlight=False)


@app.command()
def history(
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many changes.")] = 20, as_json: AsJson = False
) -> None:
    """The changes, the newest first: who, when, what, why, and which version was live before."""
    entries = list(islice(ReleaseOffice(load_settings()).log.entries(), limit))
    if as_json:
        typer.echo(json.dumps([to_document(entry) for entry in entries]))
        return
    table = Table("release", "when", "who", "what", "live before", "live now", "why", box=None)
    for entry in entries:
        change = entry.change
        before = entry.before.live if entry.before else ""
        now = entry.release.segmenters[change.segmenter].live
        what = f"{change.action} {change.segmenter}"
        table.add_row(
            str(entry.release.serial), format_instant(entry.at_us)[:19], change.who, what, before, now, change.why
        )
    Console().print(table)


@app.command()
def promote(  # noqa: PLR0917 - one parameter per option
    segmenter: Name, version: Version, why: Why, who: Who = None, wait: Wait = 90.0, as_json: AsJson = False
) -> None:
    """Make a version live for everybody."""
    office = ReleaseOffice(load_settings())
    exact = office.exact(segmenter, version)
    _change(
        office, _Asked("promote", segmenter, why, who, wait, as_json),
        lambda release: releases.promote(release, segmenter, exact), exact,
    )  # fmt: skip


@app.command()
def canary(  # noqa: PLR0917 - one parameter per option
    segmenter: Name,
    version: Annotated[str | None, typer.Argument(help="An exact version, or `latest`; none with --end.")] = None,
    share: Annotated[float, typer.Option("--share", help="The share of users, above 0 and at most 1.")] = 0.05,
    end: Annotated[bool, typer.Option("--end", help="Have the live version answer for everybody again.")] = False,
    why: Why = "",
    who: Who = None,
    wait: Wait = 90.0,
    as_json: AsJson = False,
) -> None:
    """Let a version answer for a share of the users: always the same ones."""
    office = ReleaseOffice(load_settings())
    if end:
        asked = _Asked("end_canary", segmenter, why, who, wait, as_json)
        _change(office, asked, lambda release: releases.end_canary(release, segmenter))
        return
    exact = office.exact(segmenter, _named(version))
    _change(
        office, _Asked("canary", segmenter, why, who, wait, as_json),
        lambda release: releases.set_canary(release, segmenter, exact, share), exact,
    )  # fmt: skip


@app.command()
def shadow(  # noqa: PLR0917 - one parameter per option
    segmenter: Name,
    version: Annotated[str | None, typer.Argument(help="An exact version, or `latest`; none with --end.")] = None,
    end: Annotated[bool, typer.Option("--end", help="Compare no more.")] = False,
    why: Why = "",
    who: Who = None,
    wait: Wait = 90.0,
    as_json: AsJson = False,
) -> None:
    """Have a version score what the live one answers, off the request's way; metrics tell how often they agree."""
    office = ReleaseOffice(load_settings())
    if end:
        asked = _Asked("end_shadow", segmenter, why, who, wait, as_json)
        _change(office, asked, lambda release: releases.end_shadow(release, segmenter))
        return
    exact = office.exact(segmenter, _named(version))
    _change(
        office, _Asked("shadow", segmenter, why, who, wait, as_json),
        lambda release: releases.set_shadow(release, segmenter, exact), exact,
    )  # fmt: skip


@app.command()
def rollback(  # noqa: PLR0917 - one parameter per option
    segmenter: Name,
    why: Why,
    serial: Annotated[
        int | None,
        typer.Option("--serial", min=1, help="The release to go back from: refused where it is another one by now."),
    ] = None,
    who: Who = None,
    wait: Wait = 90.0,
    as_json: AsJson = False,
) -> None:
    """End the canary where one runs; else make live again what was live before. Twice leads to where it began, but not
    with --serial: whatever may run this command twice names the release it saw."""
    office = ReleaseOffice(load_settings())
    seen = office.newest().release.serial if serial is None else serial
    asked = _Asked("roll_back", segmenter, why, who, wait, as_json)
    _change(office, asked, lambda release: releases.roll_back(release, segmenter), expected_serial=seen)


class _Asked:
    """A change, as typed."""

    def __init__(self, action: str, segmenter: str, why: str, who: str | None, wait_s: float, as_json: bool) -> None:  # noqa: PLR0917 - as typed
        self.change = Change(action, segmenter, who or f"{getpass.getuser()}@{socket.gethostname()}", why)
        self.wait_s, self.as_json = wait_s, as_json


def _change(
    office: ReleaseOffice,
    asked: _Asked,
    step: Callable[[Release], Release],
    version: str = "",
    *,
    expected_serial: int | None = None,
) -> None:
    entry = office.change(asked.change, step, version=version, expected_serial=expected_serial)
    console = Console(stderr=True)
    with console.status(f"release {entry.release.serial} is logged; waiting for the workers"):
        office.wait(entry.release.serial, asked.wait_s)
    workers = office.workers()
    if asked.as_json:
        served: dict[str, Any] = {**to_document(entry), "workers": len(workers)}
        typer.echo(json.dumps(served))
        return
    where = f"served by {len(workers)} workers" if workers else "logged; no gateway runs here, the next start serves it"
    typer.echo(f"release {entry.release.serial}: {where}")


def _named(version: str | None) -> str:
    if version is None:
        raise InputInvalid("name a version, or say --end")
    return version


def _told(entry: Entry) -> str:
    change = entry.change
    return f"{change.action} of {change.segmenter} by {change.who} at {format_instant(entry.at_us)[:19]}: {change.why}"
