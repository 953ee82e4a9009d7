"""Checks of what lies in the home."""

from __future__ import annotations

import os
from pathlib import Path

from strata.clock import format_instant
from strata.command.doctor.finding import Finding
from strata.command.doctor.shared_state import check_shared_state
from strata.command.up.stamps import Stamps
from strata.command.up.steps import demo_steps
from strata.settings import Settings

PREPARE = "run 'strata up', which prepares what is missing"


def check_home(settings: Settings) -> Finding:
    """Whether the home can be written, by this user."""
    there = next(folder for folder in (settings.home, *settings.home.parents) if folder.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        return Finding("home", "fault", f"{there} cannot be written", "mend its rights, or set STRATA_HOME elsewhere")
    return Finding("home", "ok", str(settings.home))


def check_clock(settings: Settings) -> Finding:
    """What time it is for the platform, and whether the history knows of that time."""
    clock = settings.make_clock()
    now = format_instant(clock.now_us())
    months = sorted(folder.name.removeprefix("month=") for folder in (settings.history / "events").glob("month=*"))
    if not months:
        return Finding("clock", "note", f"{settings.clock.mode}: {now}; there is no history to compare", PREPARE)
    if not months[0] <= now[:7] <= _next_month(months[-1]):
        advice = f"windows will be empty; set clock.mode to replay:{months[-1]}-01T00:00:00Z, or import newer events"
        return Finding("clock", "note", f"{now} is outside the history ({months[0]} to {months[-1]})", advice)
    return Finding("clock", "ok", f"{settings.clock.mode}: now {now}, history {months[0]} to {months[-1]}")


def check_preparation(settings: Settings) -> Finding:
    """Which preparation steps of the demonstration are still to do."""
    pending = Stamps(settings.run / "prepared.json").pending(demo_steps(settings))
    if pending:
        return Finding("preparation", "note", "still to do: " + ", ".join(step.title for step in pending), PREPARE)
    return Finding("preparation", "ok", "every step is done")


def check_registry(settings: Settings) -> Finding:
    """Whether the feature registry can be read without Feast, as the gateway reads it."""
    if not settings.registry.is_file():
        return Finding("registry", "note", f"there is no {settings.registry}", PREPARE)
    from strata.registry.read import read_catalog

    catalog = read_catalog(settings.registry)
    return Finding("registry", "ok", f"{len(catalog.views)} views, {len(catalog.services)} feature services")


def check_state(settings: Settings) -> Finding:
    """Whether the online state is sound: sizes and meta pages, then a read."""
    if settings.state_url:
        return check_shared_state(settings.state_url)
    if not (settings.state / "data.mdb").is_file():
        return Finding("state", "note", f"there is no online state in {settings.state}", PREPARE)
    from strata.state import open_state

    open_state(settings.state, readonly=True).read("doctor", ["nobody"])
    size = (settings.state / "data.mdb").stat().st_blocks * 512
    return Finding("state", "ok", f"sound, {size / 1024**2:.1f} MB on disk")


def check_segmenters(settings: Settings) -> list[Finding]:
    """Each served segmenter's package: its hashes, and its features against the registry."""
    return [_check_segmenter(settings, name) for name in settings.segmenters]


def _check_segmenter(settings: Settings, name: str) -> Finding:
    from strata.errors import StrataError
    from strata.registry.read import read_catalog
    from strata.release import live_version
    from strata.runtime import check_against, find_package, load_package

    check = f"package {name}"
    if not (settings.packages / name).is_dir():
        return Finding(check, "note", "not trained yet", PREPARE)
    try:
        wanted = live_version(settings.releases, name, settings.segmenters[name].version)
        package = load_package(find_package(settings.packages, name, wanted))
        if settings.registry.is_file():
            check_against(package.manifest, read_catalog(settings.registry))
    except StrataError as error:
        return Finding(check, "fault", str(error), f"run 'strata train {name}'")
    placement = settings.segmenters[name].placement
    return Finding(check, "ok", f"version {package.manifest.version}, {placement}, fits the registry")


def check_bentos(settings: Settings) -> Finding:
    """Whether the store of Bentos holds one for every remote segmenter."""
    remote = [name for name, segmenter in settings.segmenters.items() if segmenter.placement == "remote"]
    if not remote:
        return Finding("bentos", "ok", "none needed: every segmenter is embedded")
    bentos = list((settings.bentoml_home / "bentos").glob("*/*"))
    if not bentos:
        return Finding("bentos", "note", f"none in {settings.bentoml_home}, and {', '.join(remote)} is remote", PREPARE)
    return Finding("bentos", "ok", f"{len({_folder(path) for path in bentos})} in {settings.bentoml_home}")


def _folder(path: Path) -> str:
    return path.parent.name


def _next_month(month: str) -> str:
    year, number = int(month[:4]), int(month[5:7])
    return f"{year + number // 12}-{number % 12 + 1:02d}"
