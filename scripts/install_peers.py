#!/usr/bin/env python3
"""Install what `strata bench peers` measures Strata beside, each in a folder of its own outside the working copy.

    .venv/bin/python scripts/install_peers.py [NAME...]      all of them unless some are named:
      echo_cpp    compiles loadtests/peers/echo_cpp/echo.cc (needs scripts/install_tools.sh g++ grpc++)
      mlserver    MLServer and its LightGBM runtime in an environment (about 350 MB)
      ray_serve   Ray Serve in an environment (about 270 MB)

They go to strata/peers in $XDG_CACHE_HOME, or in ~/.cache. Packages are those of loadtests/peers/NAME/requirements.txt,
each checked against its hash, from the index this machine is configured with. What is there already is left alone.
Ends with 1 when one of them could not be installed; the bench then names it and measures the others.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path

from loadtests.peers.places import SOURCES, lacking, place
from strata.processes.environments import NotInstalled, install, make_environment, run

CXX_FLAGS = ("-O2", "-std=c++17", "-Wall", "-Wextra", "-Werror", "-pthread")
LIBRARIES = ("-lgrpc++", "-lgrpc", "-lgpr")


def main() -> int:
    """Install what is asked for; returns how it ended."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SOURCES))
    names: list[str] = parser.parse_args().names
    if unknown := [name for name in names if name not in SOURCES]:
        parser.error(f"there is no peer called {unknown[0]} here. Known: {', '.join(SOURCES)}")
    return 1 if sum(not _install(name) for name in names or list(SOURCES)) else 0


def _install(name: str) -> bool:
    if not lacking(name):
        _say(f"{name} is installed")
        return True
    _say(f"installing {name} in {place(name)}")
    began_s = time.monotonic()
    try:
        install(place(name), _compile if name == "echo_cpp" else lambda folder: make_environment(folder, SOURCES[name]))
    except NotInstalled as trouble:
        _say(f"{name} is left out: {trouble}")
        return False
    _say(f"{name} is installed ({time.monotonic() - began_s:.0f} s)")
    return True


def _compile(folder: Path) -> None:
    compiler = next((found for found in ("c++", "g++", "clang++") if shutil.which(found)), None)
    if compiler is None:
        raise NotInstalled("there is no C++ compiler; run scripts/install_tools.sh g++")
    if (
        shutil.which("pkg-config") is None
        or subprocess.run(["pkg-config", "--exists", "grpc++"], check=False).returncode
    ):
        raise NotInstalled("gRPC's C++ library is not here; run scripts/install_tools.sh grpc++")
    program = folder / "bin" / "echo"
    program.parent.mkdir(parents=True)
    run([compiler, *CXX_FLAGS, str(SOURCES["echo_cpp"]), "-o", str(program), *LIBRARIES], "it does not compile")


def _say(sentence: str) -> None:
    print(f"peers: {sentence}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
