"""Each number of segments in the declared range, fitted and judged; interrupted work is taken up again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from strata.errors import InputInvalid
from training.algorithms.port import Clusters
from training.clusters.candidate import Candidate, judge_clusters
from training.clusters.stability import BOOTSTRAP_ROWS, Fit
from training.rows import Floats
from training.scratch import Scratch
from training.side_by_side import WORKERS, side_by_side

# Two candidates at a time where a fit takes long enough to be worth a second core, and two copies of the rows.
SIDE_BY_SIDE_ROWS: Final = 20_000


@dataclass(frozen=True)
class Search:
    """What was tried. Fits are kept where they were made now, not where their figures were found again."""

    candidates: list[Candidate]
    asked: dict[int, int]
    """Clusters of a candidate -> the number that was asked for."""
    found: dict[int, Clusters]
    """By the number that was asked for."""
    notes: list[str]


def search_counts(
    fit: Fit, prepared: Floats, counts: Sequence[int], *, bootstraps: int, seed: int, scratch: Scratch,
    progress: Callable[[str], None],
) -> Search:  # fmt: skip
    """Raises InputInvalid where the rows carry none of the numbers; those they do not carry are a note."""
    trial = partial(_trial, fit, prepared, bootstraps=bootstraps, seed=seed)
    judged = {k: Candidate.from_json(scratch.recall(_key(k))) for k in counts if _key(k) in scratch}
    open_counts = [count for count in counts if count not in judged]
    made: dict[int, Clusters] = {}
    refused: dict[int, InputInvalid] = {}
    if judged:
        progress(f"{len(judged)} of {len(counts)} numbers of segments were judged before")
    workers = WORKERS if len(prepared) > SIDE_BY_SIDE_ROWS else 1
    for position, result in side_by_side([partial(trial, count) for count in open_counts], workers):
        count = open_counts[position]
        if isinstance(result, InputInvalid):
            refused[count] = result
        else:
            judged[count], made[count] = result
            scratch.keep(_key(count), judged[count].to_json())
        progress(f"{len(judged) + len(refused)} of {len(counts)} numbers of segments judged")
    if not judged:
        raise refused[min(refused)]
    notes = [f"{count} segments were not possible: {refused[count]}." for count in sorted(refused)]
    if len(prepared) > BOOTSTRAP_ROWS:
        notes.append(_sampled(len(prepared)))
    ordered = sorted(judged)
    return Search([judged[count] for count in ordered], {judged[c].k: c for c in ordered}, made, notes)


def _trial(
    fit: Fit, prepared: Floats, count: int, *, bootstraps: int, seed: int
) -> tuple[Candidate, Clusters] | InputInvalid:
    try:
        found = fit(prepared, count, seed)
    except InputInvalid as error:
        return error
    return judge_clusters(fit, found, prepared, count, bootstraps=bootstraps, seed=seed), found


def _key(count: int) -> str:
    return f"clusters/{count}"


def _sampled(rows: int) -> str:
    return (
        f"Of {rows:,} users, stability was judged on resamples of {BOOTSTRAP_ROWS:,} and separation on seeded samples; "
        "the clusters themselves come from all that the algorithm reads."
    )
