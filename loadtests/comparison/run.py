"""One comparison from start to end: start what is here, check answers, measure in turn, check again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from loadtests.bench.agreement import least_agreement, require_agreement
from loadtests.bench.gateways import remote_segmenter
from loadtests.bench.h2load import Burst
from loadtests.bench.harvest import schema_of
from loadtests.bench.measure import Cell, idle_cpu_share, measure
from loadtests.bench.peers import start_echo, start_glued
from loadtests.bench.scratch import make_scratch
from loadtests.bench.systems import System
from loadtests.bench.tools import require_tools
from loadtests.bench.workload import Call, Sample, echo_calls
from loadtests.calls import rotate
from loadtests.comparison import scoring
from loadtests.comparison.cells import BATCHES, SINGLE, Contender, cells
from loadtests.comparison.claims import CPP_ECHO, EMBEDDED, FEAST, GLUED, MLSERVER, RAY, REDIS, REMOTE_REDIS
from loadtests.comparison.feature_reads import check_reads, read_calls, read_groups
from loadtests.comparison.ours import questions, samples_of, start_ours, weighed, write_questions
from loadtests.comparison.plan import PeerPlan
from loadtests.comparison.servers import start_cpp_echo, start_feast_server, start_mlserver, start_ray_serve
from loadtests.peers.glued.schema import Schema
from loadtests.peers.places import lacking
from strata.errors import StrataError
from strata.runtime import load_package
from strata.runtime.boosted import BoostedModel
from strata.settings import Settings

Say = Callable[[str], None]
NO_REDIS = "there is no redis-server; run scripts/install_tools.sh redis-server"
ON_REDIS = (REDIS, REMOTE_REDIS, GLUED, FEAST)


@dataclass(frozen=True)
class Stage:
    """What every part of a comparison is given."""

    settings: Settings
    users: Sequence[str]
    """In the order in which they are asked about."""
    plan: PeerPlan
    scratch: Path
    stack: ExitStack
    say: Say


@dataclass
class Field:
    """Who takes part, in the order of a round; who does not, and why; and what is to be checked again at the end."""

    contenders: list[Contender] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)
    checks: list[Callable[[], object]] = field(default_factory=list)

    def try_to_start(self, name: str, missing: str, start: Callable[[], System], say: Say) -> System | None:
        """A server, or None with the reason noted: something is `missing`, or it does not come."""
        if missing:
            self.absent[name] = missing
            return None
        say(f"starting {name}")
        try:
            return start()
        except StrataError as error:
            self.absent[name] = str(error)
            return None


@dataclass(frozen=True)
class Outcome:
    """Everything measured."""

    cells: list[Cell]
    rounds: dict[str, list[Burst]]
    absent: dict[str, str]
    """By system that was not measured, why."""
    live_share: dict[str, float]
    agreement: dict[str, float]
    reply_bytes: dict[str, int]
    idle_cpu_share: dict[str, float]


def run_comparison(settings: Settings, users: Sequence[str], plan: PeerPlan, say: Say) -> Outcome:
    """Measure. Raises StrataError when a part of ours cannot be started, or anything answers wrongly; a peer that is
    not installed or does not start is named among the absent."""
    require_tools("h2load")
    redis = shutil.which("redis-server") is not None
    scratch = make_scratch(settings)
    turn = rotate(users, seed=1)
    with ExitStack() as stack:
        stage = Stage(settings, [next(turn) for _ in users], plan, scratch, stack, say)
        taking_part = Field(absent={} if redis else dict.fromkeys(ON_REDIS, NO_REDIS))
        say("starting the gateways")
        gateways, bento = start_ours(settings, stage.users, scratch, stack, redis=redis)
        say("reading everyone's features from the prediction log")
        schema = schema_of(settings, gateways[EMBEDDED], users, scratch)
        if redis:
            gateways[GLUED] = _add_glued(taking_part, schema, stage)
        _add_models(taking_part, bento, schema, stage)
        say("checking answers")
        asked = questions(stage.users, plan)
        before = {name: samples_of(system, asked) for name, system in gateways.items()}
        require_agreement(_flat(before))
        sizes = {"Single": before[EMBEDDED][SINGLE].median_bytes, "Batch": before[EMBEDDED][BATCHES[500]].median_bytes}
        files = write_questions(asked, scratch / "bodies")
        ours = [Contender(system, weighed(files, before[name])) for name, system in gateways.items()]
        contenders = [*_echoes(taking_part, sizes, files, stage), *ours, *taking_part.contenders]
        todo = cells(contenders, plan)
        idle = idle_cpu_share([one.system for one in contenders])
        rounds = measure(todo, plan.rounds, scratch, say)
        say("checking answers again")
        after = {name: samples_of(system, asked) for name, system in gateways.items()}
        require_agreement(_flat(after))
        for check in taking_part.checks:
            check()
    live = {name: min(one.live_share for one in kinds.values()) for name, kinds in before.items()}
    agreement = least_agreement(_flat(before), _flat(after))
    return Outcome(todo, rounds, taking_part.absent, live, agreement, sizes, idle)


def _add_glued(taking_part: Field, schema: Schema, stage: Stage) -> System:
    """The glued stack, and Feast's server on what the stack filled."""
    stage.say("starting the glued stack")
    glued, environ = start_glued(schema, stage.users[0], stage.scratch, stage.stack)
    start = partial(start_feast_server, environ, stage.scratch, stage.stack)
    system = taking_part.try_to_start(FEAST, "", start, stage.say)
    if system is not None:
        system = replace(system, trees=(*system.trees, glued.trees[-1]))  # the Redis it reads
        reads = read_groups(schema, stage.users, stage.plan)
        calls = read_calls(reads, check_reads(system, reads), stage.scratch / "bodies-features")
        taking_part.contenders.append(Contender(system, calls))
        taking_part.checks.append(partial(check_reads, system, reads))
    return glued


def _add_models(taking_part: Field, bento: System, schema: Schema, stage: Stage) -> None:
    """Our Bento server, MLServer and Ray Serve, on the same model and rows."""
    name = remote_segmenter(stage.settings)
    folder = Path(schema.packages[name])
    package = load_package(folder)
    rows = scoring.read_rows(package, Path(schema.rows), stage.users, stage.plan)
    ours = scoring.SegmenterDialect(package.manifest)
    _add_model(taking_part, bento, ours, rows, stage)
    place = (stage.scratch, stage.stack)
    if isinstance(package.model, BoostedModel):
        bare = scoring.InferenceDialect(name, package.model)
        file = folder / str(package.manifest.model["file"])
        mlserver = partial(start_mlserver, name, file, *place, lambda one: scoring.ready(one, bare, rows))
        system = taking_part.try_to_start(MLSERVER, lacking("mlserver"), mlserver, stage.say)
        _add_model(taking_part, system, bare, rows, stage)
    else:
        taking_part.absent[MLSERVER] = f"{name}, the remote segmenter, is no LightGBM model"
    ray = partial(start_ray_serve, folder, *place, lambda one: scoring.ready(one, ours, rows))
    _add_model(taking_part, taking_part.try_to_start(RAY, lacking("ray_serve"), ray, stage.say), ours, rows, stage)


def _add_model(
    taking_part: Field, system: System | None, dialect: scoring.Dialect, rows: scoring.Rows, stage: Stage
) -> None:
    if system is None:
        return
    weights = scoring.check(system, dialect, rows)
    bodies = stage.scratch / f"bodies-{system.name.replace(' ', '-')}"
    taking_part.contenders.append(Contender(system, scoring.scoring_calls(dialect, rows, weights, bodies)))
    taking_part.checks.append(partial(scoring.check, system, dialect, rows))


def _echoes(
    taking_part: Field, sizes: dict[str, int], files: Mapping[str, Sequence[Call]], stage: Stage
) -> list[Contender]:
    """Both echoes, of a single reply and of one to the largest batch."""
    calls = {
        SINGLE: echo_calls(files[SINGLE], "Single", sizes["Single"]),
        BATCHES[500]: echo_calls(files[BATCHES[500]], "Batch", sizes["Batch"]),
    }
    start = partial(start_cpp_echo, sizes, stage.scratch, stage.stack)
    native = taking_part.try_to_start(CPP_ECHO, lacking("echo_cpp"), start, stage.say)
    systems = [native, start_echo(sizes, stage.scratch, stage.stack)]
    return [Contender(system, calls) for system in systems if system is not None]


def _flat(samples: Mapping[str, Mapping[str, Sample]]) -> dict[str, list[Sample]]:
    return {name: list(kinds.values()) for name, kinds in samples.items()}
