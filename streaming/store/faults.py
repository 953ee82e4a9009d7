"""A disk that will not take what is written, as a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from strata.errors import StrataError

ADVICE = "Nothing half-written was kept; mend that and run the same command again, it goes on where it stopped"


@contextmanager
def storage_faults(folder: Path) -> Iterator[None]:
    """Turn an OSError inside into a StrataError that says what to do."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or " ".join(str(error).split())[:200]).lower()
        raise StrataError(f"{folder} cannot be written: {reason}. {ADVICE}") from None
