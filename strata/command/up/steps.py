"""What must exist before the platform can serve, as `strata` commands a person could type one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from strata.command.up.fingerprint import fingerprint_files
from strata.settings import Settings

EVENTS_LANE = "events"
MODELS_LANE = "models"
"""Of the two, the one that does not begin with the history; segmenters are trained in both, in turn."""
NOT_ACCEPTED = frozenset({3, 4})
"""Of `strata train`: a version that was held or rejected; the one accepted before stays the latest."""


@dataclass(frozen=True)
class Step:
    """One piece of preparation. It is skipped while its product is there and its inputs are unchanged."""

    name: str
    title: str
    arguments: tuple[str, ...]
    """What one would type after `strata`."""
    lane: str
    """Steps of a lane share a process and run one after another; lanes run side by side."""
    needs: tuple[str, ...]
    present: Callable[[], bool]
    inputs: Callable[[], str]
    """A digest of what the product is made from, other than the products of `needs`."""
    kept: frozenset[int] = frozenset()
    """Exit codes that say the product of before stays in force: good enough where there is one."""

    def ended_well(self, code: int) -> bool:
        """Whether what needs this step can go on."""
        return code == 0 or (code in self.kept and self.present())


def demo_steps(settings: Settings) -> list[Step]:
    """The preparation of the demonstration, in an order in which each step's needs come before it."""
    sources = Path(__file__).resolve().parents[3]
    steps = [
        Step(
            "history", "import a year of purchases", ("events", "import-demo"), EVENTS_LANE, (),
            present=lambda: _holds(settings.history / "events", "*/*.parquet"),
            inputs=lambda: fingerprint_files(sources / "streaming" / "mappings", "*.yaml") + settings.clock.mode,
        ),
        Step(
            "definitions", "apply the feature definitions", ("features", "apply"), MODELS_LANE, (),
            present=settings.registry.is_file,
            inputs=lambda: fingerprint_files(settings.repo, "definitions/**/*.py", "*.yaml"),
        ),
        Step(
            "state", "materialise the online state", ("features", "materialize"),
            EVENTS_LANE, ("history", "definitions"),
            present=lambda: _holds(settings.state, "data.mdb"),
            inputs=lambda: settings.clock.mode,
        ),
    ]  # fmt: skip
    for index, name in enumerate(settings.segmenters):
        lane = (MODELS_LANE, EVENTS_LANE)[index % 2]
        steps.append(_training_step(settings, sources, name, lane))
        if settings.segmenters[name].placement == "remote":
            steps.append(_bento_step(settings, name, lane))
    return steps


def _training_step(settings: Settings, sources: Path, name: str, lane: str) -> Step:
    return Step(
        train_name(name), f"train {name}", ("train", name), lane, ("history", "definitions"),
        present=(settings.packages / name / "LATEST").is_file,
        inputs=lambda: fingerprint_files(sources / "training" / "segmenters", f"{name}.*") + settings.clock.mode,
        kept=NOT_ACCEPTED,
    )  # fmt: skip


def _bento_step(settings: Settings, name: str, lane: str) -> Step:
    latest = settings.packages / name / "LATEST"
    return Step(
        f"bento:{name}", f"build the Bento of {name}", ("bento", "build", name), lane, (train_name(name),),
        present=lambda: _holds(settings.bentoml_home / "bentos" / name, "*"),
        inputs=lambda: latest.read_text(encoding="utf-8") if latest.is_file() else "",
    )  # fmt: skip


def train_name(segmenter: str) -> str:
    """The name of the step that trains a segmenter."""
    return f"train:{segmenter}"


def _holds(folder: Path, pattern: str) -> bool:
    return next(folder.glob(pattern), None) is not None
