"""How far a home's replay has come: the next start goes on from there, since what was recorded stays recorded.

A replay that began at its anchor again would find events of its own future in the history and the log.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from strata.clock import format_instant, parse_instant, system_us
from strata.errors import SettingsInvalid
from strata.settings import Settings

FILE_NAME = "replayed.json"


def origin_us(settings: Settings, now_us: int | None = None) -> int | None:
    """When, by the system's clock, the replay must be said to have begun; None under the system clock.

    Raises SettingsInvalid when the home has lived past another anchor.
    """
    clock = settings.clock
    if clock.mode == "system":
        return None
    system = system_us() if now_us is None else now_us
    if clock.origin_us is not None:
        return clock.origin_us
    anchor_us = parse_instant(clock.mode.partition(":")[2])
    reached = _read(settings.home / FILE_NAME)
    if reached is None:
        return system
    mode, until_us = reached
    if mode != clock.mode and until_us > anchor_us:
        raise SettingsInvalid(
            f"{settings.home} has been replayed until {format_instant(until_us)} ({mode}); what was recorded cannot be "
            f"taken back. Use another home (STRATA_HOME) for {clock.mode}, or remove this one: make clean"
        )
    return system - int(max(0, until_us - anchor_us) / clock.speed)


def keep(settings: Settings, reached_us: int) -> None:
    """Remember how far the replay has come. Where that cannot be written the older moment stays: a full disk must not
    end a platform that serves, and the next attempt may do better."""
    if settings.clock.mode == "system":
        return
    path = settings.home / FILE_NAME
    temporary = path.with_suffix(".tmp")
    with contextlib.suppress(OSError):
        temporary.write_text(json.dumps({"mode": settings.clock.mode, "until": format_instant(reached_us)}), "utf-8")
        temporary.replace(path)


def _read(path: Path) -> tuple[str, int] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return str(found["mode"]), parse_instant(found["until"])
    except (OSError, ValueError, KeyError, TypeError, SettingsInvalid):
        return None
