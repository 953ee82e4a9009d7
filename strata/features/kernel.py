"""Which kernel does the work: the C one, where it was built for these sources, or its pure twin.

`STRATA_KERNEL=pure` forces the twin. Both give the same bytes and the same values.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any, Literal

VARIABLE = "STRATA_KERNEL"


@cache
def native() -> Any | None:
    """The C kernel; None when the pure twin is to be used."""
    if os.environ.get(VARIABLE) == "pure":
        return None
    from strata.features import native_library

    return native_library.load()


def implementation() -> Literal["native", "pure"]:
    """The one in use."""
    return "pure" if native() is None else "native"
