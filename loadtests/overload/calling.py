"""A caller in a process of its own, and what became of its calls."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile

from loadtests.bench.gateways import ROOT
from loadtests.overload.caller import Order
from loadtests.overload.tally import Tally
from strata.errors import StrataError


def call(order: Order) -> Tally:
    """Have the order carried out, on the cores this thread may use. Raises StrataError when the caller fails."""
    command = [sys.executable, "-m", "loadtests.overload.caller", order.to_json()]
    # A file: of several hundred kilobytes through a pipe one run in ten came in part (2026-11).
    with tempfile.TemporaryFile("w+", encoding="utf-8") as answer:
        done = subprocess.run(command, stdout=answer, stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False)
        if done.returncode:
            raise StrataError(f"a caller ended with {done.returncode}: {done.stderr[-2_000:]}")
        answer.seek(0)
        return Tally.from_document(json.load(answer))
