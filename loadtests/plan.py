"""What the command tells the Locust process: one JSON file, named by `--plan`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from loadtests.budget import Profile


@dataclass(frozen=True)
class Plan:
    """One run. `result` is where the Locust process stores its `Measured`."""

    target: str
    profile: Profile
    users: list[str]
    seed: int
    result: Path

    def write(self, path: Path) -> None:
        """Store as JSON."""
        values = asdict(self) | {"profile": self.profile.model_dump(), "result": str(self.result)}
        path.write_text(json.dumps(values), encoding="utf-8")


def read_plan(path: Path) -> Plan:
    """Read what `Plan.write` stored."""
    values = json.loads(path.read_text(encoding="utf-8"))
    values["profile"] = Profile.model_validate(values["profile"])
    values["result"] = Path(values["result"])
    return Plan(**values)
