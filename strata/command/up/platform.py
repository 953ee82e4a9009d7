"""One run of the platform, from the lock on its home to the end of its last child."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Event

from strata.clock import format_instant
from strata.command.up.children import platform_children
from strata.command.up.exclusive import exclusive_run
from strata.command.up.figures import StartFigures
from strata.command.up.known_users import known_users
from strata.command.up.platform_time import keep, origin_us
from strata.command.up.ports import Ports, claim_ports
from strata.command.up.prepare import Preparation, PreparationStopped
from strata.command.up.ready import Probe
from strata.command.up.stamps import Stamps
from strata.command.up.steps import Step, demo_steps
from strata.command.up.supervise import Supervisor
from strata.errors import StrataError
from strata.processes import words
from strata.processes.orphans import PLATFORM_VARIABLE, end_processes, find_marked
from strata.processes.stop_event import stop_event
from strata.settings import Settings

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, a request to end, a closed terminal."""
START_LIMIT_S = 120.0
POLL_S = 0.2
KEEP_S = 2.0
"""How often the platform's time is written down; a kill sets it back by no more."""


def run_platform(settings: Settings, *, prepare_only: bool, figures_file: Path | None = None) -> int:
    """Prepare, start, watch and end a platform. Returns the exit code; raises StrataError in a sentence."""
    figures = StartFigures()
    with exclusive_run(settings.run), stop_event(*ENDING) as stop:
        _mend(settings)
        ports = claim_ports(settings)
        environ = _shared_environ(settings, ports)
        children = platform_children(settings, environ)
        try:
            _prepare(settings, environ, stop, figures)
        except PreparationStopped as stopped:
            _say(str(stopped))
            return 0
        if prepare_only:
            return 0
        settings = _with_origin(settings)
        environ.update(_clock_environ(settings))
        supervisor = Supervisor(children, _say)
        try:
            supervisor.start()
            if _wait_until_ready(settings, ports, supervisor, stop, figures):
                if figures_file is not None:
                    figures.write(figures_file, settings.home)
                _watch(settings, supervisor, stop)
        finally:
            began = time.monotonic()
            stop.clear()
            supervisor.stop(settings.gateway.drain_s + 5.0, hurry=stop.is_set)
            _say(f"stopped in {time.monotonic() - began:.1f} s")
    return 0


def _mend(settings: Settings) -> None:
    """End what a killed run left behind; the lock says that no other run owns it."""
    left = find_marked(PLATFORM_VARIABLE, str(settings.home))
    if left:
        _say(f"ending {len(left)} processes that a killed run left behind")
        end_processes(left)


def _shared_environ(settings: Settings, ports: Ports) -> dict[str, str]:
    return {
        **os.environ,
        **ports.environ(),
        "STRATA_HOME": str(settings.home),
        PLATFORM_VARIABLE: str(settings.home),
        "BENTOML_HOME": str(settings.bentoml_home),
        "BENTOML_DO_NOT_TRACK": "True",
        "DO_NOT_TRACK": "1",
        "PYTHONUNBUFFERED": "1",
    }


def _with_origin(settings: Settings) -> Settings:
    """A replay begins, or goes on, when the servers start, at one instant for all of them."""
    origin = origin_us(settings)
    return settings.model_copy(update={"clock": settings.clock.model_copy(update={"origin_us": origin})})


def _clock_environ(settings: Settings) -> dict[str, str]:
    origin = settings.clock.origin_us
    return {} if origin is None else {"STRATA_CLOCK__ORIGIN_US": str(origin)}


def _prepare(settings: Settings, environ: Mapping[str, str], stop: Event, figures: StartFigures) -> None:
    stamps = Stamps(settings.run / "prepared.json")
    steps = demo_steps(settings)
    pending = stamps.pending(steps)
    if not pending:
        return
    began = time.monotonic()
    _say(f"preparing {settings.home} ({len(pending)} of {len(steps)} steps; clock {settings.clock.mode})")

    def report(step: Step, seconds: float, code: int) -> None:
        figures.steps_s[step.name] = seconds
        kept = "; not accepted, so the version before stays: strata packages list" if code else ""
        _say(f"  {step.title:<34}{seconds:6.1f} s{kept}")

    Preparation(
        pending, settings.run, environ, stop, report,
        finished=lambda step: stamps.mark(step, steps),
    ).run()  # fmt: skip
    figures.prepared_s = time.monotonic() - began
    _say(f"prepared in {figures.prepared_s:.1f} s")


def _wait_until_ready(
    settings: Settings, ports: Ports, supervisor: Supervisor, stop: Event, figures: StartFigures
) -> bool:
    """Print the ready line when everything answers. False when asked to stop before; StrataError when hopeless."""
    began = time.monotonic()
    _say("starting the servers")
    probe = Probe(settings, ports, known_users(settings.history, _month(settings)))
    while not stop.is_set():
        supervisor.poll()
        supervisor.refuse_hopeless()
        readiness = probe.look()
        if readiness.serves:
            supervisor.serving()
            figures.serving_s = time.monotonic() - began
            _say(f"serving after {figures.serving_s:.1f} s; Ctrl-C ends it")
            print(_ready_line(settings, ports), flush=True)
            return True
        if time.monotonic() - began > START_LIMIT_S:
            raise StrataError(
                f"not serving after {START_LIMIT_S:.0f} s; still waiting for {', '.join(readiness.missing)}. "
                f"The logs are in {settings.run}; 'strata doctor' looks for causes"
            )
        stop.wait(POLL_S)
    return False


def _month(settings: Settings) -> str:
    return format_instant(settings.make_clock().now_us())[:7]


def _ready_line(settings: Settings, ports: Ports) -> str:
    gateway, monitor = settings.gateway.host, settings.monitor.host
    return f"ready grpc={gateway}:{ports.grpc} metrics={gateway}:{ports.metrics} reports={monitor}:{ports.reports}"


def _watch(settings: Settings, supervisor: Supervisor, stop: Event) -> None:
    clock = settings.make_clock()
    kept_s = 0.0
    while not stop.wait(POLL_S):
        supervisor.poll()
        if time.monotonic() - kept_s > KEEP_S:
            keep(settings, clock.now_us())
            kept_s = time.monotonic()
    keep(settings, clock.now_us())


def _say(sentence: str) -> None:
    words.say(f"strata up: {sentence}")
