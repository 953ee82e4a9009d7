"""From samples to what grew: medians of the first and the last tenth after the warm-up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, Final

from loadtests.soak.sampling import Sample

LIMIT: Final = 0.02
"""From the first tenth to the last. One that fell by as much is not summed up with the others: what it gave back would
hide what they took."""
SMALL_BYTES: Final = 1 << 20
"""A process that grew by less is not counted as growing: 2 % of a small one are a few pages of an arena."""
LEAST_SAMPLES: Final = 10
"""After the warm-up; with fewer a tenth is one sample, and nothing is said."""
TENTH: Final = 0.1
JUDGED: Final = {"judged": "resident memory (less the state file's pages)", "anonymous": "anonymous memory"}
MEMORY: Final = ("rss", "state", "judged", "pss", "uss", "anonymous")
COUNTS: Final = ("descriptors", "threads")
MIB: Final = float(1 << 20)


def after_warm_up(samples: Sequence[Sample], warm_s: float) -> list[Sample]:
    """Those that count."""
    return [sample for sample in samples if sample.at_s >= warm_s]


def first_and_last(values: Sequence[float]) -> tuple[float, float]:
    """Medians of the first and the last tenth, each of one value at least.

    >>> first_and_last([1.0, 9.0, 2.0] + [5.0] * 24 + [7.0, 8.0, 6.0])
    (2.0, 7.0)
    """
    tenth = max(1, round(len(values) * TENTH))
    return median(values[:tenth]), median(values[-tenth:])


def grown(first: float, last: float) -> float:
    """The share by which it grew.

    >>> grown(100.0, 103.0)
    0.03
    """
    return round((last - first) / first, 5) if first else 0.0


def total_growth(samples: Sequence[Sample]) -> dict[str, Any]:
    """Of all processes that stayed, summed up. RSS counts a shared page once for each who shares it, PSS once."""
    names = stayed(samples)
    return {"processes": len(names)} | _figures(samples, names)


def joint_growth(samples: Sequence[Sample], processes: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Of all that stayed and did not fall, summed up; `without`: those that fell. `processes`: as `process_growth`."""
    fallen = [name for name, found in processes.items() if min(found[f"{kind}_grown"] for kind in JUDGED) <= -LIMIT]
    names = [name for name in processes if name not in fallen]
    return {"processes": len(names), "without": fallen} | _figures(samples, names)


def process_growth(samples: Sequence[Sample]) -> dict[str, dict[str, Any]]:
    """Of each process that stayed, by name."""
    return {name: _figures(samples, [name]) for name in stayed(samples)}


def stayed(samples: Sequence[Sample]) -> list[str]:
    """The names under which one and the same process ran in all of these samples."""
    first = samples[0].processes
    return [
        name
        for name, (process_id, _) in first.items()
        if all(name in each.processes and each.processes[name][0] == process_id for each in samples)
    ]


def passing(samples: Sequence[Sample]) -> dict[str, dict[str, Any]]:
    """The other names: `ids`, how many processes there were, and the most that was resident, `rss_mb`."""
    kept, found = set(stayed(samples)), dict[str, dict[int, int]]()
    for sample in samples:
        for name, (process_id, held) in sample.processes.items():
            if name not in kept:
                seen = found.setdefault(name, {})
                seen[process_id] = max(seen.get(process_id, 0), held.rss)
    return {
        name: {"ids": len(seen), "rss_mb": round(max(seen.values()) / MIB, 1)} for name, seen in sorted(found.items())
    }


def faults_of(joint: dict[str, Any], processes: dict[str, dict[str, Any]]) -> list[str]:
    """What grew past the limit, as sentences.

    Pages of the state's own file are the page cache's: a store that is told more has more of them, and every process
    that reads it counts them as its own. Of all together anonymous memory is held to the limit too: under pressure the
    kernel takes file pages back, which hides a leak in RSS. A single heap is not: it breathes by more.
    """
    everyone = f"all processes but {', '.join(joint['without'])}" if joint["without"] else "all processes"
    judged = [(everyone, joint, kind) for kind in JUDGED]
    judged += [(name, found, "judged") for name, found in processes.items()]
    faults = []
    for name, found, kind in judged:
        (first, last), share = found[f"{kind}_mb"], found[f"{kind}_grown"]
        if share >= LIMIT and (last - first) * MIB >= SMALL_BYTES:
            faults.append(f"{JUDGED[kind]} of {name} grew by {share:.1%}: {first:.1f} MB became {last:.1f} MB")
    return faults


def _figures(samples: Sequence[Sample], names: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in (*MEMORY, *COUNTS):
        values = [float(sum(getattr(sample.processes[each][1], name) for each in names)) for sample in samples]
        first, last = first_and_last(values)
        if name in COUNTS:
            found[name] = [round(first), round(last)]
        else:
            found[f"{name}_mb"] = [round(first / MIB, 2), round(last / MIB, 2)]
            found[f"{name}_grown"] = grown(first, last)
    return found
