"""The system packages a bench needs."""

from __future__ import annotations

import shutil

from strata.errors import StrataError


def require_tools(*names: str) -> None:
    """Raise StrataError, naming the script that installs them, when a program is not on the path."""
    missing = [name for name in names if shutil.which(name) is None]
    if missing:
        raise StrataError(f"strata bench needs {' and '.join(missing)}; run scripts/install_tools.sh")
