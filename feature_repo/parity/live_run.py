"""`strata features parity --live`: one look, or one after the other with the outcome in a metrics file."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, Final

from feature_repo.parity.live import LiveParity, LiveSample
from strata.clock import format_instant
from strata.errors import InputInvalid, StrataError
from strata.processes.frugal import give_back
from strata.settings import Settings
from strata.state import open_state

_UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3_600.0}


def run_live(
    settings: Settings,
    pairs: int,
    seed: int,
    *,
    every: str | None,
    metrics_file: Path | None,
    json_file: Path | None,
    say: Callable[[str], Any],
) -> bool:
    """Look once, or for ever. Returns whether nothing differed; with `every` only an interrupt ends it.

    With `every`, a look that could not be made (nothing applied yet, a store that is away) or not written (a full disk)
    is told and made again.
    """
    wait_s = None if every is None else seconds_of(every)
    differed = failures = 0
    for turn in count():
        try:
            with open_state(settings.state_address, readonly=True) as state:
                found = LiveSample(settings, state).look(pairs, seed + turn)
        except StrataError as error:
            if wait_s is None:
                raise
            failures += 1
            say(f"no look: {error}")
        else:
            differed += found.differences
            _tell(found, say)
            try:
                write_metrics(metrics_file, found, differed, failures)
                if json_file is not None:
                    json_file.write_text(json.dumps(found.to_json(), indent=1) + "\n", encoding="utf-8")
            except OSError as error:
                if wait_s is None:
                    raise
                failures += 1
                say(f"what the look found cannot be written: {(error.strerror or str(error)).lower()}")
            if wait_s is None:
                return not found.differences
        give_back()  # a look takes more the more parts the history has, and lets go of all of it
        time.sleep(wait_s or 0)
    raise AssertionError("counting ended")


def seconds_of(text: str) -> float:
    """A length of time.

    >>> seconds_of("60s"), seconds_of("5m")
    (60.0, 300.0)
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text)
    if found is None or not float(found[1]):
        raise InputInvalid(f"{text!r} is not a length of time; say 60s, 5m or 1h")
    return float(found[1]) * _UNITS[found[2]]


def write_metrics(path: Path | None, found: LiveParity, differed: int, failures: int) -> None:
    """Prometheus text, replaced whole."""
    if path is None:
        return
    lines = []
    for name, kind, text, value in (
        ("strata_parity_users_sampled", "gauge", "Users picked in the last look.", found.sampled),
        ("strata_parity_users_compared", "gauge", "Users whose rows the history covered.", found.compared),
        ("strata_parity_values", "gauge", "Values compared in the last look.", found.values),
        ("strata_parity_differences", "gauge", "Values that differed in the last look.", found.differences),
        ("strata_parity_differences_total", "counter", "Values that differed since the start.", differed),
        ("strata_parity_failures_total", "counter", "Looks that could not be made.", failures),
        ("strata_parity_seconds", "gauge", "How long the last look took.", found.seconds),
        ("strata_parity_checked_timestamp_seconds", "gauge", "When the last look was, system time.", time.time()),
    ):
        lines += [f"# HELP {name} {text}", f"# TYPE {name} {kind}", f"{name} {value}"]
    hidden = path.with_name(f".{path.name}.tmp")
    hidden.write_text("\n".join(lines) + "\n", encoding="utf-8")
    hidden.replace(path)


def _tell(found: LiveParity, say: Callable[[str], Any]) -> None:
    say(
        f"{format_instant(found.t_us)}: {found.compared:,} of {found.sampled:,} users compared, "
        f"{found.values:,} values, {found.differences:,} differ ({found.seconds:.1f} s)"
    )
    for name, example in found.first.items():
        say(
            f"  {name}: {found.by_feature[name]:,} differ, first for user {example.user}: online {example.online}, "
            f"offline {example.offline}"
        )
