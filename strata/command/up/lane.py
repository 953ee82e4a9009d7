"""A preparation process: runs `strata` commands it is told, one after another, keeping what they imported.

Importing Feast costs six seconds of CPU and the training libraries as much again, so the steps that need them
share a process. Protocol: one JSON object a line on standard input, {"step", "arguments"} or {"preload"}, and
one a line back for each step, {"step", "code", "seconds", "sentence"}. What a step prints goes to the log this
process was started with as standard error.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import time
from typing import Any, TextIO

from strata.command.dispatch import dispatch
from strata.faults import explain
from strata.processes.parent import die_with_parent


def main() -> int:
    """Serve steps until standard input ends."""
    die_with_parent()
    with _claim_output() as replies:
        for line in sys.stdin:
            order = json.loads(line)
            if "preload" in order:
                preload(order["preload"])
            else:
                reply = _perform(order["step"], order["arguments"])
                print(json.dumps(reply), file=replies, flush=True)
    return 0


def _claim_output() -> TextIO:
    """Keep standard output for replies; whatever a step prints, from Python or C, goes to standard error."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return replies


def _perform(step: str, arguments: list[str]) -> dict[str, Any]:
    began = time.monotonic()
    print(f"--- strata {' '.join(arguments)}", file=sys.stderr, flush=True)
    sentence = ""
    try:
        code = dispatch(arguments)
    except KeyboardInterrupt:
        code = 130
    except Exception as error:  # reported to the supervisor in one sentence, trace to a file
        sentence, code = explain(error)
        print(f"strata: {sentence}", file=sys.stderr, flush=True)
    sys.stdout.flush()  # a lane is ended by a signal, which would lose what is still in the buffer
    return {"step": step, "code": code, "seconds": time.monotonic() - began, "sentence": sentence}


def preload(targets: list[str]) -> None:
    """Import each `module`, and call what a `module:function` names."""
    for target in targets:
        module, _, function = target.partition(":")
        # What cannot be imported is the business of the step that needs it.
        with contextlib.suppress(Exception, SystemExit):
            found = importlib.import_module(module)
            if function:
                getattr(found, function)()


if __name__ == "__main__":
    sys.exit(main())
