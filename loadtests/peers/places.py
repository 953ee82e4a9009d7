"""Where peers with programs of their own are installed, outside the working copy, and what is missing of them.

`scripts/install_peers.py` puts them there.
"""

from __future__ import annotations

from pathlib import Path

from strata.processes import environments

FOLDER = Path(__file__).parent
SOURCES = {
    "echo_cpp": FOLDER / "echo_cpp" / "echo.cc",
    "mlserver": FOLDER / "mlserver" / "requirements.txt",
    "ray_serve": FOLDER / "ray_serve" / "requirements.txt",
}
"""By peer, the file that says what it is: a program's source, or an environment's pinned packages."""
KIND = "peers"


def place(name: str) -> Path:
    """The folder of a peer as its source is now. Raises KeyError for an unknown one."""
    return environments.place(KIND, name, SOURCES[name])


def program(name: str, command: str) -> Path:
    """A command of an installed peer."""
    return place(name) / "bin" / command


def lacking(name: str) -> str:
    """Why a peer cannot be measured here, with what to do; empty when it is installed."""
    if environments.complete(place(name)):
        return ""
    return f"it is not installed; run scripts/install_peers.py {name}"
