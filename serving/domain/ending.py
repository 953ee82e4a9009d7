"""Ending tasks for certain."""

from __future__ import annotations

import asyncio
from typing import Any, Final

AGAIN_S: Final = 0.25
"""A cancellation that meets a time-out at the same moment is lost in it, and a library may take it for a broken
connection and connect again (redis-py's asyncio client, seen 2026-11): such a task is cancelled once more."""


async def end(*tasks: asyncio.Task[Any] | None) -> None:
    """Cancel tasks until each is done, however it takes that. What they raised is theirs; None is no task."""
    left = {task for task in tasks if task is not None}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=AGAIN_S)
