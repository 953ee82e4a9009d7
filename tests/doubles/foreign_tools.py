"""Tools that others wrote and scripts/build_go_tools.sh builds, run as docs/serving.md tells people to run them."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

TOOLS = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "strata" / "tools"
NAMES = ("grpcurl", "ghz", "grpc-health-probe", "otelcol")
PAGE = Path(__file__).parents[2] / "docs" / "serving.md"
ADDRESS, USER = "127.0.0.1:7400", "1"
"""What the page asks, and about whom."""


def require_tool(name: str) -> Path:
    """Where it is; skips, and says why, where it is not."""
    path = TOOLS / name
    if not path.exists():
        pytest.skip(
            f"NOT TESTED: what {name} makes of a gateway, for it is not here; run scripts/install_tools.sh {name}"
        )
    return path


def shown_commands() -> list[str]:
    """The lines of the page's `sh` blocks that run one of the tools and ask a gateway, in order."""
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith(NAMES) and ADDRESS in line]


def run_shown(command: str, *more: str, address: str, user: str = USER) -> subprocess.CompletedProcess[str]:
    """A command of the page with other words behind it, asking another gateway about another user."""
    name, *words = shlex.split(command.replace(ADDRESS, address).replace(f'"{USER}"', f'"{user}"'))
    return run_tool(name, *words, *more)


def run_tool(name: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return subprocess.run(
        [str(require_tool(name)), *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )
