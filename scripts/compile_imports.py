"""Write the bytecode of what the platform imports, once, while it is set up.

uv does not compile what it installs, and where PYTHONDONTWRITEBYTECODE is set (as in many containers) nothing ever
does: each of a platform's ten processes then compiles some thousands of modules at each of its starts. Compiling
all thirty thousand would take longer than the rest of the set-up, so this imports what a start imports and lets the
interpreter write what it reads. A module that cannot be imported is left to whoever needs it, and to their sentence.

    python scripts/compile_imports.py            all groups, side by side
    python scripts/compile_imports.py MODULE...  these, in this process
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from strata.command.up.lane import preload

ROOT = Path(__file__).resolve().parent.parent
# Two groups of about equal work.
GROUPS = (
    (
        "feature_repo.feast_import:import_feast", "feature_repo.cli", "feature_repo.materialize", "feature_repo.engine",
        "feature_repo.parity.live_run", "ibis.backends.duckdb",
        "training.cli", "training.produce", "sklearn.cluster", "sklearn.linear_model", "lightgbm", "duckdb",
        "matplotlib.figure", "matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg",
    ),
    (
        "bentoml.__main__", "bentoml_cli.cli", "bentoml_cli.serve", "bentoml.serving", "_bentoml_impl.server.serving",
        "_bentoml_impl.worker.service", "serving.bento.cli", "serving.bento.build", "serving.bento.service",
        "serving.follow.run", "serving.follow.described", "serving.cli", "serving.composition",
        "serving.worker_process", "streaming.importing", "streaming.stream_cli", "streaming.stream_process",
        "streaming.demo", "monitoring.cli", "monitoring.page.serve", "monitoring.report.run",
        "monitoring.report.evidently_page", "evidently", "strata.command.__main__", "strata.command.up.cli",
        "strata.command.up.platform", "strata.command.up.tether", "strata.command.segment",
    ),
)  # fmt: skip


def main(targets: list[str]) -> int:
    """Import the targets; without any, have two processes import all. Never fails: bytecode is a convenience."""
    if targets:
        preload(targets)
        return 0
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, str(Path(__file__).resolve())]
    running = [
        subprocess.Popen(
            [*command, *group], cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for group in GROUPS
    ]  # fmt: skip
    for process in running:
        process.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
