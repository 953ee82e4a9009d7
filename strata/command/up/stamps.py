"""Which preparation steps are done, and from what: `run/prepared.json`.

A stamp is written after its step ended well, so a killed run repeats the step that was under way and no other.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from strata.command.up.fingerprint import fingerprint_parts
from strata.command.up.steps import Step


class Stamps:
    """The stamps of one home. A stamp file that cannot be read counts as absent: steps are safe to repeat."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys = _read(path)

    def pending(self, steps: Sequence[Step]) -> list[Step]:
        """The steps whose product is absent or out of date, and the steps that need one of those."""
        keys = expected_keys(steps)
        waiting: dict[str, Step] = {}
        for step in steps:
            done = self._keys.get(step.name) == keys[step.name] and step.present()
            if not done or any(need in waiting for need in step.needs):
                waiting[step.name] = step
        return list(waiting.values())

    def mark(self, step: Step, steps: Sequence[Step]) -> None:
        """Note that a step ended well."""
        self._keys[step.name] = expected_keys(steps)[step.name]
        self._path.parent.mkdir(parents=True, exist_ok=True)
        partial = self._path.with_suffix(".partial")
        partial.write_text(json.dumps(self._keys, indent=1, sort_keys=True), encoding="utf-8")
        partial.replace(self._path)


def expected_keys(steps: Sequence[Step]) -> dict[str, str]:
    """A digest per step, over its inputs and over the digests of its needs (which come before it)."""
    keys: dict[str, str] = {}
    for step in steps:
        keys[step.name] = fingerprint_parts(*step.arguments, step.inputs(), *(keys[need] for need in step.needs))
    return keys


def _read(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(key) for name, key in found.items()} if isinstance(found, dict) else {}
