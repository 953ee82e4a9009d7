"""Make .venv what requirements.lock says, from nothing but a Python 3.11.

Run by scripts/setup.sh, standard library only. A stamp inside .venv makes the next run instant; it is written
last, so a set-up that was killed half-way is taken up again. No index address is named here: uv and pip each
use the one this machine is configured with.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "strata-setup.stamp"
# The lock is complete. Without --no-deps pip would look for a pin of each extra (pandas[parquet]) and find none.
FROM_LOCK = ("--no-deps", "--require-hashes", "-r")


def main() -> int:
    """Set up, or find that there is nothing to do. Returns the exit code."""
    with LOCK.open("rb") as lock:
        if not _take(lock.fileno()):
            _say("another set-up is under way in this folder; waiting for it to end")
            fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = _fingerprint()
        if STAMP.is_file() and STAMP.read_text(encoding="ascii") == wanted and PYTHON.exists():
            _build_kernel()
            return 0
        try:
            return _set_up(wanted)
        except (OSError, subprocess.CalledProcessError) as error:
            _say(f"{error}")
            _say("the set-up did not finish; run it again to take it up where it stopped (make clean starts over)")
            return 1


def _take(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _fingerprint() -> str:
    """What the environment depends on: the lock, the project's metadata, the interpreter and this folder."""
    digest = hashlib.sha256()
    for part in (LOCK.read_bytes(), (ROOT / "pyproject.toml").read_bytes(), sys.version.encode(), str(ROOT).encode()):
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()


def _set_up(wanted: str) -> int:
    began = time.monotonic()
    STAMP.unlink(missing_ok=True)
    if not _works(PYTHON):
        if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
            _say(f"{sys.executable} cannot make a virtual environment, since its ensurepip is missing.")
            _say("Install it (Debian: apt-get install python3.11-venv), or name another: make up PYTHON=...")
            return 1
        _say(f"making .venv with Python {sys.version.split()[0]}")
        shutil.rmtree(VENV, ignore_errors=True)
        _run(sys.executable, "-m", "venv", str(VENV))
    _say("installing the locked packages, each checked against its hash")
    if not _install_with_uv():
        _say("uv could not install them; pip will, which takes some minutes")
        _pip("install", *FROM_LOCK, str(LOCK))
    # The build runs on the locked setuptools: nothing is fetched.
    _pip("install", "--no-deps", "--no-build-isolation", "--no-index", "--editable", str(ROOT))
    # With this interpreter and not the environment's: that one may have the lent library loaded already.
    site = VENV / "lib" / f"python3.{sys.version_info[1]}" / "site-packages"
    _run(sys.executable, "-I", str(ROOT / "scripts" / "lend_openmp.py"), str(site))
    _build_kernel()
    _say("compiling what a start imports")
    _run(str(PYTHON), str(ROOT / "scripts" / "compile_imports.py"))
    STAMP.write_text(wanted, encoding="ascii")
    _say(f"set up in {time.monotonic() - began:.0f} s")
    return 0


def _build_kernel() -> None:
    """The C kernel of the sources as they are now; without it the pure twin works, so this never fails."""
    subprocess.run([sys.executable, "-I", str(ROOT / "scripts" / "build_kernel.py")], check=False)


def _works(python: Path) -> bool:
    """Whether an interpreter starts, is of this version and has pip."""
    check = f"import pip, sys; sys.exit(sys.version_info[:3] != {tuple(sys.version_info[:3])})"
    try:
        return subprocess.run([str(python), "-I", "-c", check], stderr=subprocess.DEVNULL, check=False).returncode == 0
    except OSError:
        return False


def _install_with_uv() -> bool:
    """Install the lock with uv, itself installed from the lock. False when either did not work out."""
    block = re.search(r"^uv==.*(?:\n +--hash=.*)+", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    if block is None:
        return False
    bootstrap = VENV / "uv.lock"
    bootstrap.write_text(block.group() + "\n", encoding="utf-8")
    try:
        _pip("install", "--no-deps", "--require-hashes", "-r", str(bootstrap))
        uv = str(VENV / "bin" / "uv")
        _run(
            uv, "pip", "install", "--quiet", "--python", str(PYTHON), "--require-hashes", "-r", str(LOCK), env=_uv_env()
        )
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def _uv_env() -> dict[str, str]:
    """This environment, with what it says to pip said to uv too, where uv was told nothing.

    Certificates are this machine's, as pip's are where a company signs its own: uv trusts only a list of its own
    by default.
    """
    environ = {"UV_SYSTEM_CERTS": "true", **os.environ}
    for ours, theirs in (("PIP_INDEX_URL", "UV_DEFAULT_INDEX"), ("PIP_CERT", "SSL_CERT_FILE")):
        if environ.get(ours):
            environ.setdefault(theirs, environ[ours])
    return environ


def _pip(*arguments: str) -> None:
    _run(str(PYTHON), "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments)


def _run(*command: str, env: dict[str, str] | None = None) -> None:
    subprocess.run(command, check=True, env=env, stdout=sys.stderr)


def _say(sentence: str) -> None:
    print(f"setup: {sentence}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
