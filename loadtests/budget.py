"""The latency budget: the load to offer and the limits that must hold, read from `budget.yaml`."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import yaml
from pydantic import Field, ValidationError, model_validator

from strata.errors import SettingsInvalid
from strata.settings import Section


class Profile(Section):
    """One load and its limits. Times in milliseconds; shares in [0, 1]."""

    rate: float = Field(gt=0, le=20_000)
    """Calls offered per second, arriving at random (Poisson), whether or not earlier ones were answered."""
    duration_s: float = Field(gt=0, le=86_400)
    """How long calls are measured, after the warm-up."""
    warmup_s: float = Field(default=5, ge=0, le=3_600)
    """The same load, unmeasured."""
    batch_share: float = Field(default=0.05, ge=0, le=1)
    """The share of calls that are BatchGetSegments; the others are GetSegments."""
    batch_users: int = Field(default=50, ge=1, le=1_000)
    deadline_ms: float = Field(default=1_000, gt=0)
    """The deadline each call carries."""
    max_in_flight: int = Field(default=256, ge=1, le=100_000)
    """Past this many unanswered calls an arrival is an error: 'generator saturated'."""
    p50_ms: float = Field(gt=0)
    p95_ms: float = Field(gt=0)
    p99_ms: float = Field(gt=0)
    p99_9_ms: float = Field(gt=0)
    error_share: float = Field(ge=0, le=1)
    """Failed, wrong and not-offered calls, over all calls."""
    degraded_share: float = Field(ge=0, le=1)
    """Calls whose answer was right but not live for every segmenter and user, over all calls."""
    achieved_share: float = Field(ge=0, le=1)
    """Good replies per second over `rate`, at least."""

    @model_validator(mode="after")
    def _ordered(self) -> Profile:
        limits = [self.p50_ms, self.p95_ms, self.p99_ms, self.p99_9_ms]
        if limits != sorted(limits):
            raise ValueError("p50_ms, p95_ms, p99_ms and p99_9_ms must not fall")
        return self


class Budget(Section):
    """The file: named profiles."""

    profiles: dict[str, Profile] = Field(min_length=1)


def load_profile(name: str, path: Path | None = None) -> Profile:
    """The profile `name` of a budget file, or of the one that ships with Strata.

    Raises SettingsInvalid, in one sentence that names file and key, for anything that does not fit.
    """
    where = str(path) if path else "loadtests/budget.yaml"
    profiles = _parse(_read(path), where).profiles
    if name not in profiles:
        raise SettingsInvalid(f"{where} has no profile {name!r}; it has {', '.join(sorted(profiles))}")
    return profiles[name]


def _read(path: Path | None) -> str:
    try:
        if path is None:
            return (files("loadtests") / "budget.yaml").read_text(encoding="utf-8")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f"the budget file {path} cannot be read: {error}") from error


def _parse(text: str, where: str) -> Budget:
    try:
        return Budget.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise SettingsInvalid(f"{where} is not YAML: {error}") from error
    except ValidationError as error:
        raise SettingsInvalid(f"{where}: {_explain(error)}") from None


def _explain(error: ValidationError) -> str:
    faults = []
    for fault in error.errors():
        key = ".".join(str(part) for part in fault["loc"]) or "the file"
        kinds = {"extra_forbidden": "is not a key of a budget", "missing": "is missing"}
        faults.append(f"{key} {kinds.get(fault['type']) or 'is wrong: ' + fault['msg'].lower()}")
    return "; ".join(faults)
