"""A real OpenTelemetry Collector as deploy/otelcol has it, on a free port, and the spans it prints."""

from __future__ import annotations

import os
import re
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from bento_process import free_port
from foreign_tools import require_tool

CONFIG = Path(__file__).parents[2] / "deploy" / "otelcol" / "config.yaml"
PATIENCE_S = 30.0
_SPAN = re.compile(
    r"Span #\d+\n\s+Trace ID\s+: (?P<trace>\w*)\n\s+Parent ID\s+: (?P<parent>\w*)\n\s+ID\s+: (?P<span>\w+)\n"
    r"\s+Name\s+: (?P<name>.+)\n"
)


class Printed(NamedTuple):
    """One span, with ids as W3C writes them; `parent` is empty for a root."""

    trace: str
    parent: str
    span: str
    name: str


class CollectorProcess:
    """Started as a context; `address` takes OTLP over gRPC."""

    def __init__(self, folder: Path) -> None:
        self.address = f"127.0.0.1:{free_port()}"
        self._spans, self._words = folder / "spans.txt", folder / "otelcol.log"

    def __enter__(self) -> Self:
        command = [str(require_tool("otelcol")), f"--config={CONFIG}"]
        environ = {**os.environ, "COLLECTOR_ADDRESS": self.address}
        with self._spans.open("wb") as spans, self._words.open("wb") as words:
            self._process = subprocess.Popen(command, env=environ, stdout=spans, stderr=words)
        ends_s = time.monotonic() + PATIENCE_S
        while "Everything is ready" not in self._words.read_text(encoding="utf-8"):
            if self._process.poll() is not None or time.monotonic() > ends_s:
                self._process.kill()
                raise AssertionError(self._words.read_text(encoding="utf-8"))
            time.sleep(0.05)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(30)

    def wait_for(self, count: int) -> list[Printed]:
        """What it has printed, once there are so many spans or it is too late for them."""
        ends_s = time.monotonic() + PATIENCE_S
        while len(found := self._printed()) < count and time.monotonic() < ends_s:
            time.sleep(0.05)
        return found

    def _printed(self) -> list[Printed]:
        return [Printed(**found.groupdict()) for found in _SPAN.finditer(self._spans.read_text(encoding="utf-8"))]
