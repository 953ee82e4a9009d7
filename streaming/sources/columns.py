"""Does a source have the columns a mapping reads?"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

from strata.errors import InputInvalid


def require_columns(wanted: Sequence[str], present: Sequence[str], path: Path) -> None:
    """Raise InputInvalid, naming what is there, unless every wanted column is there exactly once."""
    for name in wanted:
        count = list(present).count(name)
        if count > 1:
            raise InputInvalid(f"{path} has {count} columns named {name!r}; rename one")
        if count == 0:
            near = difflib.get_close_matches(name, [str(column) for column in present], n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            shown = ", ".join(str(column) for column in list(present)[:30]) or "no columns at all"
            raise InputInvalid(f"{path} has no column {name!r}, which the mapping reads; {hint}it has {shown}")
