"""One gateway worker: an order in, a server up, a report back, and a drain at the end.

    python -m serving.worker     (the supervisor starts it; the order comes on standard input)

A worker lives as long as its standard input is open: when the supervisor dies, it drains and ends.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys

import uvloop

from serving.assembly import Assembly, assemble
from serving.collector import settle_collector
from serving.composition import Composition
from serving.cores import keep_to_core
from serving.json_logs import log_as_json
from serving.metrics.heartbeat import beating
from serving.metrics.seen_files import HEARTBEAT, beside
from serving.order import WorkerOrder, ready_line, refusal_line
from serving.recollecting import recollecting
from serving.releases.follower import ReleaseFollower
from serving.warm_up import warm_up
from strata.errors import StrataError

REFUSED = 3
"""The exit code of a worker whose report says why."""
LOG_CLOSE_S = 5.0
_log = logging.getLogger("strata.gateway")


def main() -> int:
    """Run one worker; the exit code is 0 after a drain."""
    log_as_json()
    order = WorkerOrder.from_line(sys.stdin.buffer.readline())
    if order.settings.gateway.pin_workers:
        keep_to_core(order.slot)
    try:
        uvloop.run(serve(order))
    except StrataError as error:
        os.write(order.report_fd, refusal_line(str(error)))
        return REFUSED
    return 0


async def serve(order: WorkerOrder) -> None:
    """Serve until told to stop. Raises StrataError when this worker can never serve as ordered."""
    stop = asyncio.Event()
    _listen_for_the_end(stop)
    assembly = await assemble(order)
    try:
        await warm_up(assembly.parts)
        composition = Composition(assembly.parts)
        server, follower = composition.server, _follower(assembly, composition, order)
        gateway = order.settings.gateway
        async with recollecting(composition.last_known, assembly.history):
            await server.start(f"{gateway.host}:{gateway.port}")
            follower.start()
            try:
                settle_collector()
                async with beating(beside(order.numbers, HEARTBEAT)):
                    if _report_ready(order.report_fd):
                        await stop.wait()
            finally:  # whatever happened since it listens: left running, it would hold the port and its calls for ever
                await follower.stop()
                await server.drain()
    finally:
        await _close(assembly)


def _follower(assembly: Assembly, composition: Composition, order: WorkerOrder) -> ReleaseFollower:
    return ReleaseFollower(
        assembly.log,
        assembly.lineup,
        composition,
        parts=assembly.parts,
        entry=assembly.entry,
        place=(order.numbers.parent, order.slot),
        definitions=assembly.definitions,
        predictions=assembly.predictions,
    )


def _report_ready(report_fd: int) -> bool:
    """False when the supervisor died while this worker started: nobody will ever tell it to stop."""
    try:
        os.write(report_fd, ready_line())
    except BrokenPipeError:
        _log.warning("the supervisor is gone; this worker ends")
        return False
    return True


def _listen_for_the_end(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    def read() -> None:
        if not os.read(sys.stdin.fileno(), 64):
            loop.remove_reader(sys.stdin.fileno())
            stop.set()

    loop.add_reader(sys.stdin.fileno(), read)


async def _close(assembly: Assembly) -> None:
    await assembly.lineup.close()
    if assembly.parts.events is not None:
        await assembly.parts.events.close()
    if assembly.shared is not None:
        await assembly.shared.close()
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, assembly.parts.observers.close)
    await loop.run_in_executor(None, assembly.predictions.close, LOG_CLOSE_S)


if __name__ == "__main__":
    sys.exit(main())
