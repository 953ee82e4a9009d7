"""Start a `strata` command as a child that cannot outlive the process that started it.

    python -m strata.command.up.tether serve

Linux tells a process when its parent dies (PR_SET_PDEATHSIG); it is asked for SIGTERM, so that even a parent that
was killed outright leaves servers that drain and end. Elsewhere the next `strata up` finds what is left.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
PARENT_VARIABLE = "_STRATA_PARENT"
"""The process id of the parent meant, to see one that died before the request was made."""

NICE_VARIABLE = "_STRATA_NICE"
"""How much a child steps back behind the others."""


def die_with_parent() -> None:
    """Ask for SIGTERM when the parent ends; exits at once when it has ended already."""
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    wanted = os.environ.get(PARENT_VARIABLE)
    if wanted is not None and wanted != str(os.getppid()):
        sys.exit(0)


def main() -> int:
    """Tie this process to its parent and run the command in its arguments."""
    from strata.command.dispatch import main as run

    die_with_parent()
    os.nice(int(os.environ.get(NICE_VARIABLE, "0")))
    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
