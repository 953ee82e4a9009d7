"""Run a command while the platform of this folder serves: the one that runs already, or one of its own.

.venv/bin/python scripts/with_platform.py strata loadtest --profile ci
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from strata.command.up.exclusive import holder_of
from strata.settings import load_settings

STRATA = Path(sys.executable).with_name("strata")


def main(command: list[str]) -> int:
    """Returns the command's exit code, or the platform's when it did not come to serve."""
    if command[:1] == ["strata"]:
        command = [str(STRATA), *command[1:]]
    if holder_of(load_settings().run) is not None:
        return subprocess.run(command, check=False).returncode
    with subprocess.Popen([str(STRATA), "up"], stdout=subprocess.PIPE, text=True) as platform:
        assert platform.stdout is not None
        try:
            if not platform.stdout.readline().startswith("ready "):
                return platform.wait() or 1
            return subprocess.run(command, check=False).returncode
        finally:
            platform.terminate()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
