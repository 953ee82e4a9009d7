"""The programs a bench needs."""

from __future__ import annotations

import shutil

from strata.errors import StrataError
from strata.processes import environments


def find_tool(name: str) -> str | None:
    """Where a program is: on the path, or where scripts/build_go_tools.sh puts what it builds."""
    return shutil.which(name) or shutil.which(name, path=str(environments.cache("tools")))


def require_tools(*names: str) -> None:
    """Raise StrataError, naming the script that installs them, when a program is not there."""
    missing = [name for name in names if find_tool(name) is None]
    if missing:
        raise StrataError(f"strata bench needs {' and '.join(missing)}; run scripts/install_tools.sh")
