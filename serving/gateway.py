"""`strata serve`: everything decided and checked once, then workers."""

from __future__ import annotations

import math
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from typing import Final

from serving.adapters.prediction_files import remove_leftovers
from serving.json_logs import log_as_json
from serving.metrics.families import families
from serving.metrics.page import MetricsPage, ReleaseProgress, WorkersCollector
from serving.metrics.seen_page import SeenCollector
from serving.metrics.shared_numbers import Layout, create_numbers, map_numbers
from serving.metrics.version_numbers import Version, VersionNumbers
from serving.one_gateway import one_gateway, workers_folder
from serving.order import WorkerOrder
from serving.port_claim import claim_port
from serving.releases.beginning import begin_release
from serving.releases.office import ReleaseOffice
from serving.supervisor import Supervisor
from strata.clock import system_us
from strata.errors import SettingsInvalid
from strata.settings import Settings

# Beyond the drain: closing channels and writing the prediction log's last file.
LAST_WORDS_S: Final = 6.0


def run_gateway(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM. Raises StrataError, in a sentence, before any worker starts where possible."""
    log_as_json()
    settings = resolve(settings)
    gateway = settings.gateway
    with one_gateway(settings), _stop_event() as stop, claim_port(gateway.host, gateway.port) as held:
        port = held.getsockname()[1]
        page = MetricsPage(gateway.host, gateway.metrics_port)
        try:
            begin_release(settings)
            remove_leftovers(settings.predictions)
            ported = gateway.model_copy(update={"port": port})
            _supervise(settings.model_copy(update={"gateway": ported}), page, stop)
        finally:
            page.close()


def resolve(settings: Settings) -> Settings:
    """Settings with nothing left to decide: a replay's beginning, for all workers alike."""
    if not settings.segmenters:
        raise SettingsInvalid("no segmenter is set to be served; name one under `segmenters` in strata.yaml")
    clock = settings.clock
    if clock.origin_us is None:
        clock = clock.model_copy(update={"origin_us": system_us()})
    return settings.model_copy(update={"clock": clock})


def _supervise(settings: Settings, page: MetricsPage, stop: Event) -> None:
    layout = Layout(families())
    folder = workers_folder(settings)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    orders = [_order(settings, slot, folder, layout) for slot in range(worker_count(settings))]
    gateway = settings.gateway

    def announce() -> None:
        place = f"grpc={gateway.host}:{gateway.port} metrics={gateway.host}:{page.port}"
        print(f"ready {place} workers={len(orders)}", flush=True)

    supervisor = Supervisor(orders, gateway.drain_s + LAST_WORDS_S, announce)
    numbers = [map_numbers(order.numbers, layout) for order in orders]
    office = ReleaseOffice(settings)
    page.registry.register(
        WorkersCollector(
            layout,
            numbers,
            alive=supervisor.alive,
            restarts=lambda: supervisor.restarts,
            versions=VersionNumbers(folder, lambda: _served(office)).read,
            release=lambda: _progress(office),
        )
    )
    page.registry.register(SeenCollector(folder))
    page.conditions.update(supervisor.conditions())
    page.start()
    supervisor.run(stop)


def _progress(office: ReleaseOffice) -> ReleaseProgress | None:
    entry = office.log.newest()
    if entry is None:
        return None
    serial = entry.release.serial
    return ReleaseProgress(serial, sum(worker.serial < serial for worker in office.workers()))


def _served(office: ReleaseOffice) -> set[Version]:
    """The versions of the newest release, and of those before it by which a worker still answers."""
    oldest = min((worker.serial for worker in office.workers()), default=math.inf)
    found: set[Version] = set()
    for entry in office.log.entries():
        found.update((name, version) for name, held in entry.release.segmenters.items() for version in held.versions)
        if entry.release.serial <= oldest:
            break
    return found


def _order(settings: Settings, slot: int, folder: Path, layout: Layout) -> WorkerOrder:
    numbers = folder / f"numbers-{slot:03d}.bin"
    create_numbers(numbers, layout)
    return WorkerOrder(settings, slot, numbers, report_fd=-1)


def worker_count(settings: Settings) -> int:
    """As set, or one per core this process may use."""
    return settings.gateway.workers or len(os.sched_getaffinity(0))


@contextmanager
def _stop_event() -> Iterator[Event]:
    """An event that SIGINT and SIGTERM set; a second signal changes nothing, the drain is bounded."""
    stop = Event()
    before = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(ValueError):  # not the main thread: whoever runs us there has its own way to stop
            before[number] = signal.signal(number, lambda *_: stop.set())
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
