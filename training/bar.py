"""How far a training is: a bar on a terminal, a line a stage elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from training.stages import WITHIN

EVERY_S: Final = 10.0
"""Between two lines of one step in a log."""


@contextmanager
def stage_bar(console: Console, title: str, steps: int) -> Iterator[Callable[[str], None]]:
    """A function to call with the name of each step as it begins, or with `step: what of it`.

    `steps` is how many there will be.
    """
    if not console.is_terminal:
        yield _Lines(console, title, steps).begin
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task, counted = bar.add_task(title, total=steps), _Counted()

        def begin(step: str) -> None:
            counted.begin(step)
            bar.update(task, description=f"{title}: {step}", completed=counted.begun - 1)

        yield begin


class _Counted:
    """How many steps have begun; what is said of one after that is no step."""

    def __init__(self) -> None:
        self.begun, self._now = 0, ""

    def begin(self, said: str) -> bool:
        """Whether this is the beginning of a step."""
        step = said.partition(WITHIN)[0]
        new = step != self._now
        self.begun += new
        self._now = step
        return new


class _Lines:
    """For a log: what begins, and the how-manieth it is; of what goes on within a step, now and then a line."""

    def __init__(self, console: Console, title: str, steps: int) -> None:
        self._console, self._title, self._steps = console, title, steps
        self._counted, self._said_s = _Counted(), time.monotonic()

    def begin(self, step: str) -> None:
        new, now_s = self._counted.begin(step), time.monotonic()
        if not new and now_s < self._said_s + EVERY_S:
            return
        self._said_s = now_s
        count = f"{self._counted.begun} of {self._steps}"
        self._console.print(f"{self._title}: {step} ({count})", soft_wrap=True, highlight=False)
