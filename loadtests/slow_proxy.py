"""A TCP proxy that holds back what the server sends: a slow store, seen from outside.

It delays every chunk on the way back by a fixed time, in order, without limiting throughput.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

CHUNK = 65_536
ORDER_S = 1e-6
"""Between two chunks held back: calls due at the very same moment come in any order."""


@dataclass
class Delay:
    """How long answers are held back, in seconds; may be changed while the proxy runs."""

    seconds: float = 0.0


@contextmanager
def slowed(target: str, delay: float | Delay) -> Iterator[str]:
    """The address of a proxy for `target` (HOST:PORT) that lives in a thread for as long as the context."""
    held_back = delay if isinstance(delay, Delay) else Delay(delay)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="slow-proxy", daemon=True)
    thread.start()
    proxy = _proxy(target, held_back)
    try:
        yield asyncio.run_coroutine_threadsafe(proxy.__aenter__(), loop).result(10)
        asyncio.run_coroutine_threadsafe(proxy.__aexit__(None, None, None), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@asynccontextmanager
async def _proxy(target: str, delay: Delay) -> AsyncIterator[str]:
    host, _, port = target.rpartition(":")
    open_pairs: set[asyncio.Task[None]] = set()

    async def serve(client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_pairs.add(task)
        try:
            await _join(client, answer, host, int(port), delay)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            open_pairs.discard(task)
            answer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    for task in list(open_pairs):
        task.cancel()
    await asyncio.gather(*open_pairs, return_exceptions=True)


async def _join(client: asyncio.StreamReader, answer: asyncio.StreamWriter, host: str, port: int, delay: Delay) -> None:
    upstream, forward = await asyncio.open_connection(host, port)
    try:
        async with asyncio.TaskGroup() as both:
            both.create_task(_copy(client, forward, Delay()))
            both.create_task(_copy(upstream, answer, delay))
    except ExceptionGroup as group:
        raise ConnectionError("one side went away") from group
    finally:
        forward.close()


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter, delay: Delay) -> None:
    loop = asyncio.get_running_loop()
    due_s = 0.0  # when the last chunk held back is sent: a shorter delay must not let the next one overtake it
    while chunk := await source.read(CHUNK):
        now_s = loop.time()
        if delay.seconds or due_s > now_s:
            due_s = max(due_s + ORDER_S, now_s + delay.seconds)
            # The next chunk need not wait for this one.
            loop.call_at(due_s, sink.write, chunk)
        else:
            sink.write(chunk)
            await sink.drain()
    await asyncio.sleep(max(due_s - loop.time(), 0.0))
    if sink.can_write_eof() and not sink.is_closing():
        sink.write_eof()
