"""A child cannot outlive the process that started it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from strata.processes.parent import PARENT_VARIABLE

CHILD = """
import os, sys, time
from strata.processes.parent import die_with_parent
die_with_parent()
print(os.getpid(), flush=True)
time.sleep(600)
"""
PARENT = f"""
import os, subprocess, sys, time
os.environ["{PARENT_VARIABLE}"] = str(os.getpid())
subprocess.Popen([sys.executable, "-c", {CHILD!r}], start_new_session=True)
time.sleep(600)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="PR_SET_PDEATHSIG is Linux's")
def test_a_killed_parent_leaves_no_child() -> None:
    """Also after SIGKILL, which no handler sees; also for a child in a session of its own."""
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        os.kill(child, 0)
        parent.kill()
        # The pipe ends when its last holder, the child, has ended.
        assert parent.stdout.read() == b""


def test_a_child_whose_parent_is_gone_already_ends_at_once() -> None:
    """The parent may die between the start of the child and its request; the child then sees another parent."""
    environ = {**os.environ, PARENT_VARIABLE: "1" if os.getpid() != 1 else "2"}
    ran = subprocess.run([sys.executable, "-c", CHILD], env=environ, capture_output=True, check=True, timeout=60)
    assert ran.stdout == b""
