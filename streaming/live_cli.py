"""`strata stream feed-demo` and `strata stream publish`: events from files, live."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from strata.processes import words

if TYPE_CHECKING:
    from strata.settings import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

To = Annotated[str | None, typer.Option(help="HOST:PORT of the door. Default: where the settings say it listens.")]
Json = Annotated[bool, typer.Option("--json", help="Print what became of the events as JSON at the end.")]


@app.command("feed-demo")
def feed_demo(
    rate: Annotated[
        float | None, typer.Option(min=0.1, help="So many events a second as if they happened now: a load.")
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.1, help="How long a load lasts.")] = 30.0,
    once: Annotated[bool, typer.Option("--once", help="End when the year is over, instead of waiting.")] = False,
    to: To = None,
    as_json: Json = False,
) -> None:
    """Publish the rest of the demonstration's year, each event when the platform's clock reaches it.

    The rest is what import-demo left: after the replay clock's anchor. What is due already is published at once;
    clock.speed makes the year run faster. Safe to stop and repeat: an event counts once. With --rate the same events
    are a load instead: with ids of their own, stamped as they arrive.
    """
    from strata.client import connect
    from strata.settings import load_settings
    from streaming.demo import demo_ends_us, demo_sources
    from streaming.feed.progress import FeedProgress
    from streaming.feed.year import read_year
    from streaming.history import History

    settings = load_settings()
    after_us = demo_ends_us(settings.make_clock())
    if after_us is None and rate is None:
        raise _needs_replay()
    year = read_year(demo_sources(), History(settings.history), after_us or 0)
    progress = FeedProgress(_say)
    _say(f"{len(year):,} events to come")
    with connect(to or _door(settings)) as client:
        if rate is not None:
            _load(client, year, rate, seconds, progress)
        else:
            _live(client, year, settings, progress)
    _end(progress.as_json(), str(progress), as_json)
    if rate is None and not once:
        _say("the year is over; Ctrl-C ends this")
        while True:
            time.sleep(60)


@app.command()
def publish(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="CSV, Parquet or JSON lines; .gz too.")],
    mapping: Annotated[str, typer.Option(help="A mapping file, or the name of a shipped one.")],
    to: To = None,
    as_json: Json = False,
) -> None:
    """Publish files through the door, as fast as it takes them. Rows must be at most 7 days old for it.

    Files are read as 'strata events import' reads them; rows it would quarantine are counted and left out.
    """
    from collections import Counter

    from strata.client import connect
    from strata.settings import load_settings
    from streaming.door.opening import open_door
    from streaming.feed.file import publish_rows
    from streaming.feed.patience import PatientDoor
    from streaming.feed.progress import FeedProgress
    from streaming.feed.year import END_US
    from streaming.history import History
    from streaming.mapping.load import load_mapping

    settings, loaded = load_settings(), load_mapping(mapping)
    progress, kept_out = FeedProgress(_say), Counter[str]()
    with connect(to or _door(settings)) as client:
        for path in paths:
            opened = open_door(path, loaded, History(settings.history), END_US)
            kept_out.update(publish_rows(opened, PatientDoor(client, _say), progress))
    said = ", ".join(f"{reason} {count:,}" for reason, count in sorted(kept_out.items()))
    _end({**progress.as_json(), "kept_out": dict(kept_out)}, f"{progress}; kept out: {said or 'none'}", as_json)


def _live(client: Any, year: Any, settings: Settings, progress: Any) -> None:
    from streaming.feed.door_clock import DoorClock
    from streaming.feed.live import LiveFeed
    from streaming.feed.patience import PatientDoor

    LiveFeed(PatientDoor(client, _say), year, DoorClock(settings.clock.speed), progress).run()


def _load(client: Any, year: Any, rate: float, seconds: float, progress: Any) -> None:
    from streaming.feed.load import Load

    Load(year, rate, f"load-{time.time_ns() // 1_000_000}", progress).run(client, seconds)


def _door(settings: Settings) -> str:
    return f"{settings.stream.host}:{settings.stream.port}"


def _needs_replay() -> Exception:
    from strata.errors import SettingsInvalid

    return SettingsInvalid(
        "the demonstration's year is past under the system clock; set clock.mode to replay:INSTANT, or give --rate"
    )


def _say(sentence: str) -> None:
    """For people, and the log of a supervised feeder; programs read stdout."""
    words.say(sentence)


def _end(found: dict[str, Any], sentence: str, as_json: bool) -> None:
    typer.echo(json.dumps(found, indent=2) if as_json else sentence)
