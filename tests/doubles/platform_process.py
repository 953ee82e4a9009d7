"""A whole platform as its user meets it: the `strata up` process, its ready line, its sentences."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

from strata.processes.orphans import PLATFORM_VARIABLE, find_marked

STRATA = Path(sys.executable).with_name("strata")
ROOT = Path(__file__).resolve().parents[2]
ANY_PORT = {
    f"STRATA_{key}": "0"
    for key in (
        "GATEWAY__PORT",
        "GATEWAY__METRICS_PORT",
        "BENTO__HTTP_PORT",
        "BENTO__GRPC_PORT",
        "MONITOR__PORT",
        "STREAM__PORT",
        "STREAM__METRICS_PORT",
    )
}


class PlatformProcess:
    """One `strata up`. Ports are chosen by it unless `environ` says otherwise."""

    def __init__(self, home: Path, *arguments: str, environ: dict[str, str] | None = None) -> None:
        self.home = home
        # A file and not a pipe: a full pipe nobody reads would stop the platform.
        self._errors: IO[str] = tempfile.NamedTemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - `wait` closes it
        self.process = subprocess.Popen(
            [str(STRATA), "up", *arguments],
            cwd=ROOT, env=self.environ() | (environ or {}), text=True, stdout=subprocess.PIPE, stderr=self._errors,
        )  # fmt: skip
        self.addresses: dict[str, str] = {}
        self.stdout: list[str] = []
        self.said = ""

    def environ(self) -> dict[str, str]:
        """What a command of this home needs; a running platform's ports included."""
        return self.environ_of(self.home)

    @staticmethod
    def environ_of(home: Path) -> dict[str, str]:
        """The same for a home nothing runs from."""
        return {**os.environ, **ANY_PORT, "STRATA_HOME": str(home), "STRATA_SETTINGS": str(ROOT / "strata.yaml")}

    def wait_until_ready(self) -> None:
        """Read the ready line; fails with what the platform said when it ends instead."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            code, said = self.wait()
            raise AssertionError(f"strata up ended with {code} instead of serving:\n{said}")
        self.stdout.append(line)
        self.addresses = dict(part.split("=", 1) for part in line.split()[1:])

    def caller_environ(self) -> dict[str, str]:
        """The environment of a command that asks this platform."""
        ports = {name: address.rpartition(":")[2] for name, address in self.addresses.items()}
        return self.environ() | {
            "STRATA_GATEWAY__PORT": ports["grpc"],
            "STRATA_GATEWAY__METRICS_PORT": ports["metrics"],
            "STRATA_MONITOR__PORT": ports["reports"],
        }

    def said_so_far(self) -> str:
        """What it has said on standard error until now."""
        return Path(self._errors.name).read_text(encoding="utf-8")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal and wait for the end."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> tuple[int, str]:
        """Wait for the end. Returns the exit code and everything said on standard error."""
        if self.process.stdout is not None and not self.process.stdout.closed:
            self.stdout += self.process.stdout.readlines()
            self.process.stdout.close()
        code = self.process.wait()
        if not self._errors.closed:
            self._errors.seek(0)
            self.said = self._errors.read()
            self._errors.close()
        return code, self.said

    def living(self) -> list[int]:
        """Processes of this home other than the supervisor."""
        return find_marked(PLATFORM_VARIABLE, str(self.home))


class Keeper:
    """One home and, when a test needs it, the platform that runs from it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._platform: PlatformProcess | None = None

    def running(self) -> PlatformProcess:
        """The platform, started when it does not run."""
        if self._platform is None or self._platform.process.poll() is not None:
            self._platform = PlatformProcess(self.home)
            self._platform.wait_until_ready()
        return self._platform

    def stopped(self) -> Path:
        """The home, with nothing running from it."""
        if self._platform is not None and self._platform.process.poll() is None:
            self._platform.stop()
        if self._platform is not None:
            self._platform.wait()
            self._platform = None
        return self.home
