"""Whether what is learned from labels was learned without its user, looked at in the preparations really fitted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from numpy.typing import NDArray

from training.judge.leaks.check import Check
from training.judge.leaks.parts import INSIDE, inside_check
from training.prepare.folds import Dealt

WITHIN: Final = f"{INSIDE} within folds"

Fit = tuple[Dealt | None, NDArray[Any] | None]
"""What a preparation was learned from, and the users of the rows it was given."""


def inside_checks(fits: Iterable[Fit], check: str = INSIDE) -> list[Check]:
    """One check, of the worst fit, in whatever order they ended; none without users, or where nothing was learned from
    labels.

    Users are those the rows came with, not those a preparation was told of: one that was told of none deals rows, and
    that is what is looked for.
    """
    found = [
        inside_check(dealt.folds, users[dealt.kept], check)
        for dealt, users in fits
        if dealt is not None and users is not None
    ]
    return [min(found, key=lambda each: (each.passed, each.statement))] if found else []
