"""A TCP proxy that holds back what the server sends: a slow store, seen from outside.

It delays every chunk on the way back by a fixed time, in order, without limiting throughput.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

CHUNK = 65_536


@contextmanager
def slowed(target: str, delay_s: float) -> Iterator[str]:
    """The address of a proxy for `target` (HOST:PORT) that lives in a thread for as long as the context."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="slow-proxy", daemon=True)
    thread.start()
    proxy = _proxy(target, delay_s)
    try:
        yield asyncio.run_coroutine_threadsafe(proxy.__aenter__(), loop).result(10)
        asyncio.run_coroutine_threadsafe(proxy.__aexit__(None, None, None), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@asynccontextmanager
async def _proxy(target: str, delay_s: float) -> AsyncIterator[str]:
    host, _, port = target.rpartition(":")
    open_pairs: set[asyncio.Task[None]] = set()

    async def serve(client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_pairs.add(task)
        try:
            await _join(client, answer, host, int(port), delay_s)
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


async def _join(
    client: asyncio.StreamReader, answer: asyncio.StreamWriter, host: str, port: int, delay_s: float
) -> None:
    upstream, forward = await asyncio.open_connection(host, port)
    try:
        async with asyncio.TaskGroup() as both:
            both.create_task(_copy(client, forward, 0.0))
            both.create_task(_copy(upstream, answer, delay_s))
    except ExceptionGroup as group:
        raise ConnectionError("one side went away") from group
    finally:
        forward.close()


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter, delay_s: float) -> None:
    loop = asyncio.get_running_loop()
    while chunk := await source.read(CHUNK):
        if delay_s:
            # call_later keeps equal delays in order, and the next chunk need not wait for this one.
            loop.call_later(delay_s, sink.write, chunk)
        else:
            sink.write(chunk)
            await sink.drain()
    await asyncio.sleep(delay_s)
    if sink.can_write_eof() and not sink.is_closing():
        sink.write_eof()
