"""Where peers with programs of their own are installed, outside the working copy, and what is missing of them.

`scripts/install_peers.py` puts them there. A folder's name holds a digest of what it is made from, so that other pins
or another source are installed anew.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

FOLDER = Path(__file__).parent
SOURCES = {
    "echo_cpp": FOLDER / "echo_cpp" / "echo.cc",
    "mlserver": FOLDER / "mlserver" / "requirements.txt",
    "ray_serve": FOLDER / "ray_serve" / "requirements.txt",
}
"""By peer, the file that says what it is: a program's source, or an environment's pinned packages."""
COMPLETE = "complete"
"""A file that is written last: without it an installation was interrupted."""


def cache() -> Path:
    """`strata/peers` in $XDG_CACHE_HOME, or in ~/.cache."""
    named = os.environ.get("XDG_CACHE_HOME")
    return (Path(named) if named else Path.home() / ".cache") / "strata" / "peers"


def place(name: str) -> Path:
    """The folder of a peer as its source is now. Raises KeyError for an unknown one."""
    return cache() / f"{name}-{hashlib.sha256(SOURCES[name].read_bytes()).hexdigest()[:12]}"


def program(name: str, command: str) -> Path:
    """A command of an installed peer."""
    return place(name) / "bin" / command


def lacking(name: str) -> str:
    """Why a peer cannot be measured here, with what to do; empty when it is installed."""
    if (place(name) / COMPLETE).is_file():
        return ""
    return f"it is not installed; run scripts/install_peers.py {name}"
