"""Trials already made, one JSON line each: what a killed search is resumed from."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.definition import Definition
from training.rows import Part

Parameters = Mapping[str, int | float]


@dataclass(frozen=True)
class Trial:
    """Parameters and the score they reached."""

    parameters: Parameters
    value: float

    def to_json(self) -> dict[str, Any]:
        return {"value": self.value, "parameters": dict(self.parameters)}


@dataclass(frozen=True)
class TrialJournal:
    """A file of trials in the order they were made; `None` keeps nothing."""

    path: Path | None

    def read(self) -> list[Trial]:
        """Whole lines up to the first that is not a trial: a kill can cut the last one short."""
        if self.path is None or not self.path.exists():
            return []
        found: list[Trial] = []
        for line in self.path.read_text(encoding="utf-8").splitlines():
            try:
                document = json.loads(line)
                found.append(Trial(dict(document["parameters"]), float(document["value"])))
            except (ValueError, KeyError, TypeError):
                break
        return found

    def keep(self, trials: list[Trial]) -> None:
        """Write all of them, whole or not at all."""
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        pending = self.path.with_suffix(".pending")
        with pending.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(trial.to_json()) + "\n" for trial in trials)
            file.flush()
            os.fsync(file.fileno())
        pending.replace(self.path)


def journal_for(scratch: Path | None, definition: Definition, part: Part) -> TrialJournal:
    """The file of this very search: another definition, seed or row is another search, another budget is not."""
    if scratch is None:
        return TrialJournal(None)
    asked = definition.model_dump_json(
        exclude={"description": True, "gates": True, "fallback": True, "tune": {"trials"}}
    )
    digest = hashlib.sha256(asked.encode())
    for array in (part.values, part.labels, part.times_us):
        digest.update(b"" if array is None else array.tobytes())
    digest.update(b"" if part.users is None else "\n".join(map(str, part.users)).encode())
    return TrialJournal(scratch / f"{definition.name}-{digest.hexdigest()[:16]}.jsonl")
