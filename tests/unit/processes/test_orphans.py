"""What a killed run leaves behind is found by its home, and only that."""

from __future__ import annotations

import os
import subprocess
import sys

from strata.processes.orphans import PLATFORM_VARIABLE, end_processes, find_marked

SLEEPER = "import sys; print('up', flush=True); sys.stdin.read()"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + SLEEPER


def _start(script: str, home: str) -> subprocess.Popen[str]:
    environ = {**os.environ, PLATFORM_VARIABLE: home}
    process = subprocess.Popen(
        [sys.executable, "-c", script], env=environ, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    return process


def test_only_processes_of_that_home_are_found() -> None:
    """Another home's processes, also one whose name begins alike, are not ours to end."""
    with _start(SLEEPER, "/homes/a") as ours, _start(SLEEPER, "/homes/ab") as theirs:
        assert find_marked(PLATFORM_VARIABLE, "/homes/a") == [ours.pid]
        assert find_marked(PLATFORM_VARIABLE, "/homes/a", spare=[ours.pid]) == []
        ours.kill()
        theirs.kill()


def test_a_process_that_will_not_end_is_made_to() -> None:
    """SIGTERM first, SIGKILL after the grace time."""
    with _start(STUBBORN, "/homes/c") as stubborn:
        end_processes([stubborn.pid], grace_s=0.1)
        assert stubborn.wait() == -9
