"""Parameters of an algorithm, searched by Optuna's TPE (Bergstra et al. 2011) on folds of the rows seen in training.

A trial depends on the definition's seed, its number and the trials before it, and on nothing else: a search that is
killed and started again makes the trials it would have made.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from pydantic import ValidationError

from strata.errors import DefinitionInvalid
from training.definition import Definition, Search, Tuning
from training.judge.cross_validation import FitScore
from training.judge.folds import Fold
from training.judge.metrics import metric
from training.labels.learn import fit_score
from training.rows import FeatureSchema, Part
from training.scratch import Scratch, open_scratch

METRIC: Final = "roc_auc"
"""What a trial is scored by: its mean over folds; of classes the mean over them, each against the rest."""
_BETWEEN: Final = 0.381966
_STARTERS: Final = 10
"""Trials at random before the search leans on them; Optuna's own number."""


Parameters = Mapping[str, int | float]


@dataclass(frozen=True)
class Trial:
    """The score that parameters reached."""

    value: float
    parameters: Parameters


@dataclass(frozen=True)
class Tuned:
    """The definition with the best parameters in it, and the search that found them."""

    definition: Definition
    trials: list[Trial]

    @property
    def best(self) -> Trial:
        """The first of the highest."""
        return max(self.trials, key=lambda trial: trial.value)

    def to_json(self) -> dict[str, Any]:
        """`details["tuning"]`."""
        return {
            "trials": len(self.trials),
            "metric": METRIC,
            "best": self.best.value,
            "parameters": dict(self.best.parameters),
            "history": [{"trial": number, **asdict(trial)} for number, trial in enumerate(self.trials)],
        }


def tune(
    definition: Definition,
    schema: FeatureSchema,
    part: Part,
    folds: list[Fold],
    *,
    scratch: Scratch,
    name: str = "",
    progress: Callable[[str], None] = lambda stage: None,
) -> Tuned:
    """Make the trials that `scratch` has not kept, under keys that begin with `name`.

    Raises DefinitionInvalid where a range leads out of the section.
    """
    asked = definition.tune
    assert asked is not None
    check_ranges(definition)
    trials: list[Trial] = []
    while len(trials) < asked.trials:
        key = f"{name}trial {len(trials)}"
        if key in scratch:
            trials.append(Trial(**scratch.recall(key)))
            continue
        best = f", best {max(trial.value for trial in trials):.4f}" if trials else ""
        progress(f"tuning, trial {len(trials) + 1} of {asked.trials}{best}")
        parameters = _suggest(asked, trials, definition.seed)
        found = fit_score(with_parameters(definition, parameters), schema)
        trials.append(Trial(_score(found, part, folds), parameters))
        scratch.keep(key, asdict(trials[-1]))
    chosen = Tuned(definition, trials)
    return Tuned(with_parameters(definition, chosen.best.parameters), trials)


def search_scratch(folder: Path | None, definition: Definition, part: Part) -> Scratch:
    """What was kept of this very search: another definition, seed or row is another search, another budget is not."""
    if folder is None:
        return Scratch()
    asked = definition.model_dump_json(
        exclude={"description": True, "gates": True, "fallback": True, "tune": {"trials"}}
    )
    times = () if part.times_us is None else (part.times_us,)
    users = () if part.users is None else (np.unique(part.users, return_inverse=True)[1],)
    return open_scratch(folder, asked, part.values, part.labels, *times, *users)


def check_ranges(definition: Definition) -> None:
    """Raise DefinitionInvalid for a parameter the algorithm does not have, or a range that leads out of its own."""
    assert definition.tune is not None
    for name, search in definition.tune.parameters.items():
        if not search.low < search.high or (search.log and search.low <= 0):
            raise DefinitionInvalid(
                f"tune.parameters.{name}: low is below high, and above 0 where log is asked ({search.low:g} to "
                f"{search.high:g} is not)"
            )
    for _ in within_ranges(definition):
        pass  # made is checked


def within_ranges(definition: Definition) -> Iterator[Definition]:
    """The definition at the low ends of what is searched, at the high ends, and between, on no round number.

    Raises DefinitionInvalid where the section does not have it.
    """
    assert definition.tune is not None
    for place in (0.0, 1.0, _BETWEEN):
        reached = {
            name: _whole(search, search.low + place * (search.high - search.low))
            for name, search in definition.tune.parameters.items()
        }
        yield with_parameters(definition, reached)


def with_parameters(definition: Definition, parameters: Parameters) -> Definition:
    """The definition with keys of its algorithm's section replaced, `parameters.eta` being one within one."""
    document = definition.algorithm.model_dump(exclude_unset=True)
    for name, value in parameters.items():
        *path, last = name.split(".")
        place = document
        for key in path:
            place = place.setdefault(key, {})
        place[last] = value
    try:
        section = type(definition.algorithm).model_validate(document)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(each) for each in fault["loc"] if each != "[key]")
        raise DefinitionInvalid(f"tune.parameters: {where}: {fault['msg'].lower()}") from None
    return definition.model_copy(update={"algorithm": section})


def _suggest(asked: Tuning, trials: list[Trial], seed: int) -> dict[str, int | float]:
    """The next parameters, by those before alone: a study is made of them, and its sampler seeded by their number."""
    ways: dict[str, BaseDistribution] = {name: _distribution(search) for name, search in asked.parameters.items()}
    with _quiet():
        sampler = optuna.samplers.TPESampler(
            seed=int(np.random.default_rng([seed, len(trials)]).integers(2**31)), n_startup_trials=_STARTERS,
            multivariate=True,
        )  # fmt: skip
        study = optuna.create_study(direction="maximize", sampler=sampler)
        study.add_trials(
            [optuna.trial.create_trial(params=dict(t.parameters), distributions=ways, value=t.value) for t in trials]
        )
        found: Mapping[str, int | float] = study.ask(ways).params
    return dict(found)


def _distribution(search: Search) -> BaseDistribution:
    if search.whole:
        return IntDistribution(int(search.low), int(search.high), log=search.log)
    return FloatDistribution(search.low, search.high, log=search.log)


def _score(found: FitScore, part: Part, folds: list[Fold]) -> float:
    scores = []
    for fold in folds:
        judged = part.chosen(fold.test)
        raw = found(part.chosen(fold.train), judged.values)
        scores.append(float(metric(METRIC, judged.labels, raw)(np.ones((1, len(raw))))[0]))
    return float(np.mean(scores))


def _whole(search: Search, value: float) -> int | float:
    return int(value) if search.whole else value


class _quiet(warnings.catch_warnings):  # noqa: N801  reads as a verb where it is used
    """Optuna tells of each study, and that several parameters at once are experimental."""

    def __enter__(self) -> None:
        super().__enter__()
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        optuna.logging.set_verbosity(optuna.logging.WARNING)
