"""A machine on which a shell script finds only the commands that a test puts there."""

from __future__ import annotations

import subprocess
from pathlib import Path

SCRIPTS = Path(__file__).parents[2] / "scripts"
NEEDED = ("bash", "cat", "chmod", "cp", "dirname", "env", "mkdir", "mktemp", "mv", "rm", "sort", "tail")


class BareMachine:
    """A PATH of its own, root's rights, and a folder for built tools."""

    def __init__(self, folder: Path) -> None:
        self.bin, self.calls, self.tools = folder / "bin", folder / "calls", folder / "strata" / "tools"
        self.bin.mkdir()
        for name in NEEDED:
            (self.bin / name).symlink_to(f"/usr/bin/{name}")
        self.command("id", "echo 0")

    def command(self, name: str, script: str = "") -> None:
        """A command that does what `script` says."""
        path = self.bin / name
        path.write_text(f"#!/bin/bash\n{script}\n", encoding="utf-8")
        path.chmod(0o755)

    def noted(self, name: str, script: str = "") -> None:
        """The same, noting with what words it is called."""
        self.command(name, f'echo "{name} $*" >>{self.calls}; {script}')

    def run(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One of scripts/."""
        environ = {"PATH": str(self.bin), "XDG_CACHE_HOME": str(self.bin.parent), "HOME": "/nonexistent"}
        command = ["/bin/bash", str(SCRIPTS / script), *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=environ, check=False)

    def called(self) -> list[str]:
        """The noted calls so far, which are forgotten."""
        calls = self.calls.read_text(encoding="utf-8").splitlines() if self.calls.exists() else []
        self.calls.unlink(missing_ok=True)
        return calls
