"""`strata doctor`."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial
from typing import Annotated

import typer

from strata.command.doctor.finding import Finding, examine
from strata.settings import Settings

SIGNS = {"ok": "ok   ", "note": "note ", "fault": "FAULT"}


def doctor(as_json: Annotated[bool, typer.Option("--json", help="For a program: a list of findings.")] = False) -> None:
    """Check this machine, this installation and this home, and say what to do about what is wrong.

    Nothing is changed. Exit code 1 when something keeps the platform from serving.
    """
    findings = visit()
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=1))
    else:
        for finding in findings:
            print(f"{SIGNS[finding.verdict]}  {finding.check:<24}{finding.found}")
            if finding.advice:
                print(f"{'':<31}-> {finding.advice}")
    raise typer.Exit(int(any(finding.verdict == "fault" for finding in findings)))


def visit() -> list[Finding]:
    """Every finding, in the order in which one would mend them."""
    from strata.command.doctor import machine
    from strata.errors import SettingsInvalid
    from strata.settings import load_settings

    findings = [
        examine("python", machine.check_python, machine.SETUP),
        examine("packages", machine.check_packages, machine.SETUP),
        examine("kernel", machine.check_kernel, machine.SETUP),
        examine("cores", machine.check_cores, ""),
        examine("memory", machine.check_memory, ""),
    ]
    try:
        settings = load_settings()
    except SettingsInvalid as error:
        return [*findings, Finding("settings", "fault", str(error), "mend the file or the variable named")]
    return [*findings, *_visit_home(settings)]


def _visit_home(settings: Settings) -> list[Finding]:
    from strata.command.doctor import home, machine, running

    return [
        examine("disk", partial(machine.check_disk, settings.home), ""),
        examine("home", partial(home.check_home, settings), "set STRATA_HOME"),
        examine("ports", partial(running.check_ports, settings), "see above"),
        examine("preparation", partial(home.check_preparation, settings), home.PREPARE),
        examine("clock", partial(home.check_clock, settings), "mend clock.mode"),
        examine("registry", partial(home.check_registry, settings), "run 'strata features apply'"),
        examine("state", partial(home.check_state, settings), "run 'strata features materialize'"),
        *home.check_segmenters(settings),
        examine("bentos", partial(home.check_bentos, settings), home.PREPARE),
    ]
