"""Build the C kernel into .venv, with whatever C compiler there is.

Standard library only. A compiler of this machine is taken (CC, cc, gcc, clang); without one the `ziglang` wheel is
fetched, checked against scripts/ziglang.txt, into a folder that is thrown away. Without the library the pure twin
does the same work, slower: so nothing here is ever fatal. No index address is named; pip uses the one this machine
is configured with.
"""

from __future__ import annotations

import ctypes
import os
import platform
import runpy
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCK = ROOT / "scripts" / "ziglang.txt"
SOURCE = runpy.run_path(str(ROOT / "strata" / "features" / "native_source.py"))
LONGEST_S = 600


def main() -> int:
    """Build the library unless it is there. Returns 0, with or without one."""
    library = SOURCE["library"](str(VENV))
    if library.exists():
        return 0
    try:
        library.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="kernel-", dir=library.parent) as folder:
            built = Path(folder) / "kernel.so"
            if _build(built, Path(folder)):
                # Several builds at once end in the same place with the same library.
                built.replace(library)
                return 0
    except OSError as error:
        _say(f"the C kernel could not be built ({error})")
    _say("the C kernel is not built; the pure Python one does the same work, slower")
    return 0


def _build(built: Path, scratch: Path) -> bool:
    """Compile with the first compiler that can."""
    fault = "there is no C compiler"
    for compiler, environ in _compilers(scratch):
        sources = [str(path) for path in SOURCE["sources"]()]
        command = [*compiler, *SOURCE["FLAGS"], "-o", str(built), *sources, "-lm"]
        with _trying(command[0]) as outcome:
            done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=LONGEST_S, check=False)
            if done.returncode == 0:
                ctypes.CDLL(str(built)).strata_fault  # noqa: B018 - a library that loads, and is ours
                return True
            outcome.append(done.stderr.strip().splitlines()[0] if done.stderr.strip() else f"exit {done.returncode}")
        fault = f"{compiler[0]}: {' '.join(outcome)}"
    _say(fault)
    return False


@contextmanager
def _trying(what: str) -> Iterator[list[str]]:
    outcome: list[str] = []
    try:
        yield outcome
    except (OSError, AttributeError, subprocess.SubprocessError) as error:
        outcome.append(str(error))


def _compilers(scratch: Path) -> Iterator[tuple[list[str], dict[str, str]]]:
    """Commands to try, with their environments; the last one is fetched when it is asked for."""
    environ = dict(os.environ)
    for name in dict.fromkeys(filter(None, (environ.get("CC"), "cc", "gcc", "clang"))):
        if shutil.which(name):
            yield [name], environ
    if _fetch_zig(scratch / "zig"):
        caches = {name: str(scratch / "cache") for name in ("ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR")}
        # Without a target Zig would compile for this very processor.
        target = ["-target", f"{platform.machine()}-linux-gnu"] if sys.platform == "linux" else []
        yield (
            [sys.executable, "-m", "ziglang", "cc", *target, "-fno-sanitize=all"],
            {**environ, **caches, "PYTHONPATH": str(scratch / "zig")},
        )


def _fetch_zig(folder: Path) -> bool:
    _say("there is no C compiler here; fetching one for this build alone (some 90 MB)")
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    install = ["install", "--no-deps", "--only-binary", ":all:", "--require-hashes", "--target", str(folder)]
    try:
        subprocess.run([*pip, *install, "-r", str(LOCK)], stdout=sys.stderr, timeout=LONGEST_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _say(sentence: str) -> None:
    print(f"setup: {sentence}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
