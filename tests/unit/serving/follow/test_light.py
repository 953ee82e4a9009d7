"""What a follower must not carry about with it."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("bentoml", "feast", "grpc", "lightgbm", "numpy", "pandas", "pyarrow")


def test_a_follower_imports_nothing_heavy() -> None:
    """One runs for as long as the platform does; gRPC comes when there is a server to ask."""
    script = f"import sys; import serving.follow.run; print([name for name in {HEAVY!r} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
