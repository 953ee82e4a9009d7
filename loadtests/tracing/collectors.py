"""OpenTelemetry Collectors as deploy/otelcol has them, and how many spans each was sent."""

from __future__ import annotations

import re
from contextlib import ExitStack
from pathlib import Path

from loadtests.bench.gateways import ROOT
from loadtests.bench.processes import await_ready, free_port, running
from loadtests.bench.tools import find_tool

CONFIGURATION = ROOT / "deploy" / "otelcol" / "config.yaml"


def start_collector(log: Path, stack: ExitStack) -> str:
    """A Collector's address, when it listens. It prints to `log` how many spans came with a batch, and none of them."""
    address = f"127.0.0.1:{free_port()}"
    command = [find_tool("otelcol") or "otelcol", f"--config={CONFIGURATION}"]
    told = {"COLLECTOR_ADDRESS": address, "COLLECTOR_VERBOSITY": "basic"}
    tree = stack.enter_context(running(command, log, told, ROOT))
    await_ready("the Collector", lambda: "Everything is ready" in _words(log), [tree], log)
    return address


def spans_received(log: Path) -> int:
    """All spans that a Collector has said it was sent."""
    return sum(int(found) for found in re.findall(r'"spans": (\d+)', _words(log)))


def _words(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")
