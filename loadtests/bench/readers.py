"""Reading processes: started, told what to do, ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, NamedTuple

from loadtests.bench.gateways import ROOT
from strata.errors import StrataError

Sample = tuple[float, float]
"""Wall and CPU of the reading process, in microseconds per user."""


class ReaderOrder(NamedTuple):
    """A reader to start: its name, its module below `loadtests` and what its environment adds."""

    name: str
    module: str
    environ: Mapping[str, str]


class ReaderProcess:
    """A reader that runs. See `loadtests/reads/loop.py` for what it is told."""

    def __init__(self, order: ReaderOrder, columns: Path, log: Path) -> None:
        self.name, self._log = order.name, log
        self._words = log.open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", order.module, str(columns)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self._words, env={**os.environ, **order.environ}, cwd=ROOT, text=True,
        )  # fmt: skip

    def ask(self, order: dict[str, Any]) -> dict[str, Any]:
        """Give an order and wait. Raises StrataError when the reader ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            line = ""
        else:
            line = self._process.stdout.readline()
        if not line:
            raise StrataError(f"the reader {self.name} ended; see {self._log}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def sample(self, users: int, seconds: float) -> Sample:
        """Read for so long."""
        found = self.ask({"users": users, "seconds": seconds})
        count = found["reads"] * users
        return found["wall_s"] / count * 1e6, found["cpu_s"] / count * 1e6

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        with suppress(BrokenPipeError):
            self._process.communicate()  # closes its pipes, too
        self._words.close()


def start_readers(
    orders: Sequence[ReaderOrder], features: Sequence[str], users: Sequence[str], scratch: Path, stack: ExitStack
) -> list[ReaderProcess]:
    """Readers of these features (`view:feature`) and users, for as long as the stack."""
    columns = scratch / "columns.json"
    columns.write_text(json.dumps({"features": list(features), "users": list(users)}), encoding="utf-8")
    readers = []
    for order in orders:
        readers.append(ReaderProcess(order, columns, scratch / f"reads-{order.name}.log"))
        stack.callback(readers[-1].close)
    return readers
