"""`strata bento follow`: one follower per segmenter and home, from its lock to the end of its last server."""

from __future__ import annotations

import signal
from typing import Final

from serving.follow.bento_place import BentoPlace
from serving.follow.follower import Follower
from serving.follow.named import NamedVersions
from serving.follow.place import Ports
from serving.json_logs import log_as_json
from strata.one_holder import hold
from strata.processes.stop_event import stop_event
from strata.settings import Settings

LAST_WORDS_S: Final = 3.0
"""BentoML's own end, beyond the drain: 2.4 to 3.1 s were seen, most of it while the worker drains."""


def follow(settings: Settings, segmenter: str) -> None:
    """Until SIGINT, SIGTERM or SIGHUP. Raises StrataError, in a sentence, when nothing can be served at the start."""
    log_as_json()
    settings.run.mkdir(parents=True, exist_ok=True)

    def refusal(holder: str) -> str:
        return f"strata bento follow {segmenter} already runs from {settings.home} (process {holder}); stop that one"

    with (
        stop_event(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as stop,
        hold(settings.run / f"bento-{segmenter}.lock", refusal),
    ):
        place = BentoPlace(settings, segmenter)
        place.mend()
        named = NamedVersions(settings, segmenter)
        end_s = settings.gateway.drain_s + LAST_WORDS_S
        Follower(named.look, place, _first_ports(settings), end_s).run(stop)


def _first_ports(settings: Settings) -> Ports | None:
    ports = Ports(settings.bento.http_port, settings.bento.grpc_port)
    return ports if all(ports) else None
