"""Signals as an event, for a process that ends its children before itself."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event


@contextmanager
def stop_event(*numbers: signal.Signals) -> Iterator[Event]:
    """An event that these signals set, instead of ending this process. For the main thread."""
    stop = Event()
    before = [signal.signal(number, lambda *_: stop.set()) for number in numbers]
    try:
        yield stop
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
