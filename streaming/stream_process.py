"""`strata stream run`: the door, the log and the fold in one process.

The door lives on the event loop, the fold in a thread of its own; between them is the log. Ends in order: the door
takes no more and acknowledges what it has begun, the fold finishes its batch and writes the history, the log closes.
"""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final

from prometheus_client import CollectorRegistry, start_http_server

from strata.changes import open_publisher
from strata.clock import Clock, format_instant, system_us
from strata.errors import AlreadyRunning, LogFull, StrataError
from strata.features.packed import PackedEvent, pack_event
from strata.processes import words
from strata.registry import read_catalog
from strata.settings import Settings
from strata.state import open_state
from strata.state.mapped_pages import map_in
from streaming.borrowed_metrics import BorrowedMetrics
from streaming.fold.meters import FoldMeters
from streaming.fold.positions import read_positions
from streaming.fold.stream_history import StreamHistory
from streaming.fold.tables import Tables, found_tables, open_tables
from streaming.fold.worker import FoldWorker, Parts
from streaming.history import History
from streaming.log.open import open_log
from streaming.log.partition import partition_of
from streaming.log.ports import Log, LogWriter
from streaming.service.server import DoorServer
from streaming.without_pandas import keep_pandas_out

FORWARD_S: Final = 30.0
HELD_BATCHES: Final = 4
"""Flushes' worth of records held for the history before the fold waits for its disk."""


def run_stream(settings: Settings) -> None:
    """Serve events and fold them until SIGINT or SIGTERM. Raises StrataError before anything is taken, if it must."""
    keep_pandas_out()
    import pyarrow.parquet  # noqa: F401 - a second's work, which the fold would otherwise wait for at its first part

    try:
        import uvloop
    except ImportError:
        asyncio.run(_serve(settings))
    else:
        uvloop.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    registry = CollectorRegistry()
    clock = settings.make_clock()
    with ExitStack() as closing:
        log = open_log(settings)
        closing.callback(log.close)
        writer = log.writer()
        fold = _FoldThread(settings, log, clock, registry, partial(_forward, loop, writer))
        closing.callback(fold.close)
        door = DoorServer(settings.stream, clock, writer, registry)
        metrics_port = _serve_metrics(settings, registry, closing)
        port = await door.start()
        fold.start(partial(loop.call_soon_threadsafe, stop.set))
        host = settings.stream.host
        print(f"ready events={host}:{port} metrics={host}:{metrics_port}", flush=True)
        await stop.wait()
        await door.drain()
        # Off the loop, since what the fold still has to send on is appended there.
        await asyncio.to_thread(fold.join)
    if fold.error is not None:
        raise fold.error


class _FoldThread:
    """The worker and what it owns."""

    def __init__(self, settings: Settings, log: Log, clock: Clock, registry: CollectorRegistry, forward: Any) -> None:
        self.error: BaseException | None = None
        self._closing = ExitStack()
        state = self._closing.enter_context(open_state(settings.state_address))
        if not settings.state_url:
            map_in(settings.state)
        changes = open_publisher(settings.run, settings.state_url)
        self._closing.callback(changes.close)
        catalog, past = read_catalog(settings.registry), History(settings.history)
        found_tables(catalog, state, nothing_yet=not past.event_files() and not read_positions(past.root))
        stream = settings.stream
        history = StreamHistory(past, stream.history_flush_records, stream.history_flush_s)
        self._closing.callback(history.close)
        self._worker = FoldWorker(
            Parts(
                state=state,
                open_tables=partial(_tables, settings.registry, state),
                history=history,
                changes=changes,
                forward=forward,
                clock=clock,
                meters=FoldMeters(registry),
                say=say,
                batch_records=stream.batch_records,
                held_limit=HELD_BATCHES * stream.history_flush_records,
            )
        )  # fmt: skip
        self._log = log
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, ended: Any) -> None:
        """Begin to fold; `ended` is called when the thread is over, however."""
        self._thread = threading.Thread(target=self._run, args=(ended,), name="fold")
        self._thread.start()

    def join(self) -> None:
        """Ask it to end and wait."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def close(self) -> None:
        """Let go of state and watchers."""
        self.join()
        self._closing.close()

    def _run(self, ended: Any) -> None:
        try:
            consumer = self._log.consumer(self._worker.assigned, self._worker.revoked, self._worker.lost)
            try:
                self._worker.run(consumer, self._stop)
            finally:
                consumer.close()
        except BaseException as error:  # the process ends with it
            self.error = error
        finally:
            ended()


def _tables(registry: Path, state: Any) -> Tables:
    return open_tables(read_catalog(registry), state)


def _forward(loop: asyncio.AbstractEventLoop, writer: LogWriter, events: Sequence[PackedEvent]) -> None:
    """Append records from the fold's thread; returns when they are durable. Waits out a full log."""
    records = [(partition_of(event.user_id, writer.partitions), pack_event(event)) for event in events]
    deadline = time.monotonic() + FORWARD_S
    while True:
        try:
            asyncio.run_coroutine_threadsafe(writer.append(records), loop).result(FORWARD_S)
        except LogFull as full:
            if time.monotonic() > deadline:
                raise
            time.sleep(full.retry_after_s)
        except TimeoutError:
            raise StrataError(f"{len(records)} records could not be sent on within {FORWARD_S:.0f} s") from None
        else:
            return


def _serve_metrics(settings: Settings, registry: CollectorRegistry, closing: ExitStack) -> int:
    host, port = settings.stream.host, settings.stream.metrics_port
    registry.register(BorrowedMetrics(settings.parity_metrics))
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise AlreadyRunning(f"{host}:{port} (stream.metrics_port) cannot be used: {error.strerror}") from None
    closing.callback(thread.join)
    closing.callback(server.shutdown)
    return int(server.server_port)


def say(sentence: str) -> None:
    """A line of the log."""
    words.say(f"{format_instant(system_us())} stream: {sentence}")
