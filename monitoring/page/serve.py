"""`strata monitor serve`: wire the server, the schedule and the signals together."""

from __future__ import annotations

import signal
import threading

from monitoring.page.schedule import Schedule, report_command
from monitoring.page.server import PageServer
from monitoring.page.shelf import Shelf
from strata.durations import parse_duration_s
from strata.processes import words
from strata.settings import load_settings


def serve_pages(port: int | None, every: str | None, last: str) -> None:
    """Serve until SIGTERM or SIGINT, then end with a report under way stopped. Prints one `ready` line."""
    settings = load_settings()
    every = settings.monitor.report_every if every is None else every
    every_s = None if every is None else parse_duration_s(every)
    parse_duration_s(last)
    wanted = settings.monitor.port if port is None else port
    shelf = Shelf(settings.reports, settings.packages)
    with PageServer(settings.monitor.host, wanted, shelf) as server:
        schedule = None if every_s is None else Schedule(report_command(last), every_s, _say)
        _stop_on_signals(server)
        host, bound = server.server_address[:2]
        print(f"ready reports={host!s}:{bound}", flush=True)
        if schedule is not None:
            schedule.start()
        try:
            server.serve_forever(poll_interval=0.2)
        finally:
            if schedule is not None:
                schedule.stop()


def _stop_on_signals(server: PageServer) -> None:
    def stop(*_: object) -> None:
        # shutdown() waits for serve_forever, which runs in this very thread.
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


def _say(text: str) -> None:
    words.say(f"strata monitor: {text}")
