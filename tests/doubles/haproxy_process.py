"""HAProxy with the very configuration we hand out, before some gateway."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from loadtests.bench.processes import free_port

CONFIGURATION = Path(__file__).parents[2] / "deploy" / "haproxy" / "haproxy.cfg"
needs_haproxy = pytest.mark.skipif(
    shutil.which("haproxy") is None, reason="needs haproxy: scripts/install_tools.sh haproxy"
)


@contextmanager
def haproxy(gateway: str, configuration: Path = CONFIGURATION) -> Iterator[str]:
    """The address it listens on; it may take a moment until it has found the gateway healthy."""
    front = f"127.0.0.1:{free_port()}"
    environ = {**os.environ, "STRATA_FRONT": front, "STRATA_GATEWAY": gateway}
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(
            ["haproxy", "-db", "-f", str(configuration)], env=environ, stdout=words, stderr=words
        )
        try:
            yield front
        finally:
            process.terminate()
            process.wait(10)
