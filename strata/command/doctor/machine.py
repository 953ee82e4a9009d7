"""Checks of the machine and the installation."""

from __future__ import annotations

import os
import re
import shutil
import sys
from importlib import metadata
from pathlib import Path

from strata.command.doctor.finding import Finding

SOURCE = Path(__file__).resolve().parents[3]
# A prepared demonstration takes about 0.3 GB; training and reports grow from there.
DISK_WANTED = 2 * 1024**3
# The whole platform stays under this.
MEMORY_WANTED = 3 * 1024**3
SETUP = "run 'make setup'"


def check_python() -> Finding:
    """The one Python version that is locked and tested."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] == (3, 11):
        return Finding("python", "ok", f"Python {version}")
    return Finding("python", "fault", f"Python {version}", f"Strata is tested on 3.11; {SETUP} with PYTHON=python3.11")


def check_packages(lock: Path = SOURCE / "requirements.lock") -> Finding:
    """The installed versions against the lock."""
    if not lock.is_file():
        return Finding("packages", "note", "no requirements.lock beside this installation; versions are not compared")
    wanted = dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==([^ \\\n;]+)", lock.read_text(encoding="utf-8"), re.MULTILINE))
    installed = {_canonical(found.name): found.version for found in metadata.distributions()}
    wrong = [
        f"{name} {installed.get(_canonical(name), 'missing')} (locked {version})"
        for name, version in wanted.items()
        if installed.get(_canonical(name)) != version
    ]
    if wrong:
        shown = ", ".join(wrong[:5]) + (f" and {len(wrong) - 5} more" if len(wrong) > 5 else "")
        return Finding("packages", "fault", shown, SETUP)
    return Finding("packages", "ok", f"{len(wanted)} packages as locked")


def check_kernel() -> Finding:
    """Which of the two kernels folds and reads the rows here."""
    from strata.features.kernel import VARIABLE, implementation

    if implementation() == "native":
        return Finding("kernel", "ok", "in C")
    if os.environ.get(VARIABLE) == "pure":
        return Finding("kernel", "note", f"in Python, as {VARIABLE} says; the C one is many times faster")
    advice = f"install a C compiler (Debian: apt-get install gcc) and {SETUP}"
    return Finding("kernel", "note", "in Python: the C one, many times faster, is not built", advice)


def check_cores() -> Finding:
    """How many cores this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    if cores < 2:
        advice = "set gateway.workers to 1 and expect the latency budget to fail"
        return Finding("cores", "note", "1 core; the latency budget was set on two", advice)
    return Finding("cores", "ok", f"{cores} cores")


def check_memory(meminfo: Path = Path("/proc/meminfo")) -> Finding:
    """Memory that can still be had."""
    if not meminfo.is_file():
        return Finding("memory", "note", "this system does not say how much memory is free")
    match = re.search(r"^MemAvailable:\s+(\d+) kB", meminfo.read_text(encoding="ascii"), re.MULTILINE)
    free = int(match.group(1)) * 1024 if match else 0
    if free < MEMORY_WANTED:
        return Finding(
            "memory", "note", f"{_gigabytes(free)} free", "the whole platform may take 3 GB; close something"
        )
    return Finding("memory", "ok", f"{_gigabytes(free)} free")


def check_disk(home: Path) -> Finding:
    """Room where the home is or will be."""
    there = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(there).free
    if free < DISK_WANTED:
        return Finding("disk", "note", f"{_gigabytes(free)} free at {there}", "free some, or set STRATA_HOME elsewhere")
    return Finding("disk", "ok", f"{_gigabytes(free)} free at {there}")


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _gigabytes(count: int) -> str:
    return f"{count / 1024**3:.1f} GB"
