"""A child that cannot outlive the process that started it.

Linux tells a process when its parent dies (PR_SET_PDEATHSIG); it is asked for SIGTERM, so that even a parent that
was killed outright leaves servers that drain and end. Elsewhere the next start finds what is left (`orphans`).
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Final

PR_SET_PDEATHSIG: Final = 1
PARENT_VARIABLE: Final = "_STRATA_PARENT"
"""The process id of the parent meant, to see one that died before the request was made."""


def die_with_parent() -> None:
    """Ask for SIGTERM when the parent ends; exits at once when it has ended already. It outlasts an `exec`."""
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    wanted = os.environ.get(PARENT_VARIABLE)
    if wanted is not None and wanted != str(os.getppid()):
        sys.exit(0)
