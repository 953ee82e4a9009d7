"""What the supervisor tells a worker: one line of JSON on its standard input, and how a worker reports back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strata.settings import Settings


@dataclass(frozen=True)
class WorkerOrder:
    """Everything a worker needs: settings with a decided clock and port, and its own number."""

    settings: Settings
    slot: int
    numbers: Path
    """The file it counts in."""
    report_fd: int
    """Where it writes its one line: ready, or why not."""

    def to_line(self) -> bytes:
        """One line; `from_line` reads it."""
        return (
            json.dumps(
                {
                    "settings": self.settings.model_dump(mode="json"),
                    "slot": self.slot,
                    "numbers": str(self.numbers),
                    "report_fd": self.report_fd,
                }
            ).encode()
            + b"\n"
        )

    @staticmethod
    def from_line(line: bytes) -> WorkerOrder:
        """The order in a line."""
        document: dict[str, Any] = json.loads(line)
        return WorkerOrder(
            Settings.model_validate(document["settings"]),
            document["slot"],
            Path(document["numbers"]),
            document["report_fd"],
        )


def ready_line() -> bytes:
    """A worker's report that it answers."""
    return json.dumps({"ready": True}).encode() + b"\n"


def refusal_line(sentence: str) -> bytes:
    """A worker's report that it cannot serve, and why: starting it again would end the same way."""
    return json.dumps({"ready": False, "reason": sentence}).encode() + b"\n"
