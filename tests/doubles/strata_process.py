"""Any server of ours as a process: `strata WORDS`, its ready line, its end."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO, Self


class StrataProcess:
    """Started as a context; `addresses` is what its ready line says."""

    def __init__(self, settings: Path, *words: str) -> None:
        self._command = [sys.executable, "-m", "strata.command", "--settings", str(settings), *words]

    def __enter__(self) -> Self:
        environ = {key: value for key, value in os.environ.items() if not key.startswith("STRATA_")}
        # A file and not a pipe: a full pipe nobody reads would stop the server.
        self._errors: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8")
        self.process = subprocess.Popen(
            self._command, env=environ, stdout=subprocess.PIPE, stderr=self._errors, text=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            raise AssertionError(f"{' '.join(self._command[3:])} ended: {self.said()}")
        self.addresses = dict(part.split("=", 1) for part in line.split()[1:])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        self.process.wait(60)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._errors.close()

    def said(self) -> str:
        """Standard error so far."""
        self._errors.seek(0)
        return self._errors.read()
