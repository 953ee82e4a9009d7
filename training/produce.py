"""One training, from a definition to a decision: a version that is accepted, held for a person, or rejected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from strata.clock import format_instant, system_us
from strata.runtime import Manifest, Package, list_versions
from strata.runtime.manifest import seal
from strata.runtime.package import assemble
from strata.runtime.store import latest_version, seal_files
from training.definition import Definition
from training.fitting import fit
from training.gates.champion import hold_contest
from training.gates.decision import Decision
from training.gates.judgement import Found, decide_about
from training.gates.known import check_names
from training.gates.latency import measure_latency
from training.gates.parity import Parity, compare_answers
from training.gather import Gathered, gather
from training.history import History
from training.identity.beside import look_beside
from training.identity.recognise import Recognised
from training.journal import Entry, Journal, definition_hash, whoami
from training.one_training import one_training
from training.packing import make_manifest, make_pages, reference_bytes
from training.reader import FeatureReader
from training.registration import recover, register
from training.report.judged import Judged
from training.rows import Evaluation
from training.stages import Stages

TRIALS: Final = ".trials"
"""In a segmenter's folder: what a killed training is resumed from."""


@dataclass(frozen=True)
class Sources:
    """Where features and labels come from."""

    reader: FeatureReader
    history: History


@dataclass(frozen=True)
class Produced:
    """What a training ended in."""

    manifest: Manifest
    folder: Path
    """Of the version; of its report alone where it was rejected."""
    evaluation: Evaluation
    rows: int
    decision: Decision
    entry: Entry
    """Its line of the journal."""
    repeated: bool
    """Whether this very version was stored before: its pages are those of then."""


def produce(
    definition: Definition,
    sources: Sources,
    *,
    packages: Path,
    as_of_us: int,
    releases: Path | None = None,
    journal: Path | None = None,
    who: str | None = None,
    progress: Callable[[str], None] = lambda stage: None,
) -> Produced:
    """Train, judge, decide about and register one segmenter.

    `releases`: the release log, whose live version the new one is compared with; without it, LATEST. `journal`: by
    default `trainings.jsonl` beside `packages`. Raises InputInvalid when the data do not carry it and AlreadyRunning
    when another process is at it. Deterministic but for times: the same rows, definition and code give the same
    version, whatever was trained before gives its segments the same keys.
    """
    check_names(definition)
    if definition.supervised:
        from training.labels.rehearsal import rehearse  # and the learning libraries, which clusters do without

        rehearse(definition)
    log = Journal(packages.parent / "trainings.jsonl" if journal is None else journal)
    place = _Place(packages, releases, log, who or whoami())
    with one_training(packages / definition.name):
        recover(packages, log, definition.name)
        return _train(definition, sources, place, as_of_us, Stages(progress))


@dataclass(frozen=True)
class _Place:
    """Where a training registers, and for whom."""

    packages: Path
    releases: Path | None
    journal: Journal
    who: str


def _train(definition: Definition, sources: Sources, place: _Place, as_of_us: int, stages: Stages) -> Produced:
    stages.begin("reading features")
    schema = sources.reader.schema(definition.feature_service)
    before = look_beside(place.packages, place.releases, definition, schema)
    gathered = gather(definition, sources.reader, sources.history, as_of_us)
    stages.begin("fitting")
    scratch = place.packages / definition.name / TRIALS
    fitted = fit(definition, gathered.rows, before=before.found_segments, scratch=scratch, progress=stages.within)
    stages.begin("recognising segments")
    recognised = before.recognise(definition, fitted, gathered.known)
    stages.begin("evaluating")
    evaluation = recognised.fitted.evaluate()
    stages.begin("checking the export")
    made = _export(definition, recognised, gathered, evaluation)
    stages.begin("comparing with the version before")
    identity = before.compare(made.package, sources.reader, sources.history, gathered.known, recognised.notes)
    # A damaged version that comes out again is mended: nobody moves.
    mended = latest_version(place.packages, definition.name) == made.sealed.version
    contest = hold_contest(before, definition, recognised.fitted, made.package, gathered)
    found = Found(made.parity, made.latency, identity, contest, "" if mended else before.fault)
    evaluation, decision = decide_about(definition, evaluation, found)
    stages.begin("writing")
    evaluation = replace(evaluation, details={**evaluation.details, "timing": stages.timing()})
    entry = {**_entry(definition, made.sealed, sources.history, decision), "who": place.who, "previous": before.version,
             "seconds": stages.seconds}  # fmt: skip
    manifest = made.manifest
    if identity is not None and before.version != made.sealed.version:
        manifest = replace(manifest, lineage=identity.lineage())
    repeated = made.sealed.version in list_versions(place.packages, definition.name)
    pages = make_pages(Judged(made.sealed, evaluation, definition.seed, entry["since"]), entry)
    manifest, folder = register(place.packages, place.journal, manifest, made.files, pages)
    return Produced(manifest, folder, evaluation, len(gathered.rows.train.values), decision, entry, repeated)


@dataclass(frozen=True)
class _Made:
    """An exported version, not registered yet."""

    manifest: Manifest
    sealed: Manifest
    """With its version."""
    package: Package
    files: dict[str, bytes]
    parity: Parity
    latency: dict[str, float]


def _export(definition: Definition, recognised: Recognised, gathered: Gathered, evaluation: Evaluation) -> _Made:
    fitted = recognised.fitted
    export = fitted.export()
    manifest = make_manifest(definition, gathered, export, evaluation, recognised.successor)
    package = assemble(seal(manifest), export.files)
    parity, answers = compare_answers(fitted, package, gathered.rows.schema, gathered.reference)
    files = {**export.files, "reference.parquet": reference_bytes(manifest, gathered.reference, answers)}
    latency = measure_latency(package, gathered.reference)
    return _Made(manifest, seal_files(manifest, files), package, files, parity, latency)


def _entry(definition: Definition, sealed: Manifest, history: History, decision: Decision) -> Entry:
    return {
        "at": format_instant(system_us()),
        "action": "train",
        "segmenter": definition.name,
        "version": sealed.version,
        "decision": decision.verdict,
        "reasons": list(decision.reasons),
        "data_window": dict(sealed.data_window.__dict__),
        "since": None if history.since_us is None else format_instant(history.since_us),
        "definition": definition_hash(definition),
    }
