"""What one check found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from strata.errors import StrataError

Verdict = Literal["ok", "note", "fault"]


@dataclass(frozen=True)
class Finding:
    """`ok`; `note`, worth knowing; or `fault`, which keeps the platform from serving."""

    check: str
    verdict: Verdict
    found: str
    advice: str = ""
    """What to do; empty when there is nothing to do."""


def examine(check: str, look: Callable[[], Finding], advice: str) -> Finding:
    """Run one check. An error it does not handle is a fault with that error's sentence, never the end of the others."""
    try:
        return look()
    except StrataError as error:
        return Finding(check, "fault", str(error), advice)
    except Exception as error:  # a check must not end the doctor's visit
        return Finding(check, "fault", f"{type(error).__name__}: {error}", advice)
