"""What a person reads when a command fails, and the exit code a script reads."""

from __future__ import annotations

import tempfile
import traceback
from pathlib import Path

from strata.errors import DefinitionInvalid, InputInvalid, SettingsInvalid, StrataError

CALLERS_MISTAKES = (SettingsInvalid, DefinitionInvalid, InputInvalid)


def explain(error: Exception) -> tuple[str, int]:
    """A sentence and an exit code: 2 when the caller can mend it by asking otherwise, 1 for everything else."""
    if isinstance(error, CALLERS_MISTAKES):
        return str(error), 2
    if isinstance(error, StrataError):
        return str(error), 1
    kind = type(error).__name__
    said = str(error).strip().splitlines()
    what = f"{kind}: {said[0]}" if said else kind
    return f"something unforeseen happened ({what}); the trace is in {_write_trace(error)}", 1


def _write_trace(error: Exception) -> Path:
    """Write the trace below the home where that can be done, else into a new file for temporary things."""
    trace = "".join(traceback.format_exception(error))
    try:
        folder = _run_folder()
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / "strata-error.log"
            path.write_text(trace, encoding="utf-8")
            return path
    except OSError:
        pass  # a full or foreign home: elsewhere, then
    return _write_elsewhere(trace)


def _write_elsewhere(trace: str) -> Path:
    """A file of its own: a fixed name in a shared folder may be another user's."""
    try:
        with tempfile.NamedTemporaryFile("w", prefix="strata-error-", suffix=".log", delete=False) as file:
            file.write(trace)
    except OSError:
        return Path("(nowhere: no folder could be written)")
    return Path(file.name)


def _run_folder() -> Path | None:
    from strata.settings import load_settings

    try:
        return load_settings().run
    except StrataError:
        return None
