"""From a document to a preparation: every step checked against the slots before it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from strata.errors import PackageInvalid
from strata.runtime.numbers import read_index
from strata.runtime.prepare.fields import Fields
from strata.runtime.prepare.missing import Fill, FillLinear, Indicator, Range
from strata.runtime.prepare.preparation import Preparation, raw_slots
from strata.runtime.prepare.scales import Bins, Knots, Scale, Single
from strata.runtime.prepare.step import Step
from strata.runtime.prepare.table import Table
from strata.runtime.prepare.weighted import Weighted

MOST_STEPS: Final = 10_000
MOST_SLOTS: Final = 20_000
"""Raw features and outputs. A row of so many takes milliseconds: past any deadline of an answer."""
_KINDS: Final[dict[str, type[Step]]] = {
    kind.kind: kind for kind in (Range, Indicator, Fill, FillLinear, Scale, Knots, Bins, Table, Weighted, Single)
}


def read_steps(document: dict[str, Any], feature_count: int, never_missing: Iterable[int] = ()) -> Preparation:
    """Read `steps` and `select`, as `Preparation.to_json` wrote them. Raises PackageInvalid.

    `never_missing`: the raw features that have a default, and so are filled in before any step.
    """
    steps, slots = document.get("steps"), raw_slots(feature_count, never_missing)
    if not isinstance(steps, list) or len(steps) > MOST_STEPS:
        raise PackageInvalid(f"a preparation's steps should be a list of at most {MOST_STEPS}")
    found: list[Step] = []
    for position, each in enumerate(steps):
        step = _read_step(each, position, slots)
        slots += step.may_miss(slots)
        if len(slots) > MOST_SLOTS:
            raise PackageInvalid(f"the preparation makes more than {MOST_SLOTS} columns from step {position} on")
        found.append(step)
    return Preparation(feature_count, tuple(found), _read_select(document.get("select"), len(slots)))


def _read_step(document: Any, position: int, slots: list[bool]) -> Step:
    if not isinstance(document, dict):
        raise PackageInvalid(f"step {position} of the preparation is not an object")
    wanted = document.get("kind")
    kind = _KINDS.get(wanted) if isinstance(wanted, str) else None
    if kind is None:
        raise PackageInvalid(
            f"step {position} of the preparation is of kind {wanted!r:.40}, not known here ({', '.join(_KINDS)})"
        )
    fields = Fields({name: document[name] for name in document if name != "kind"}, f"step {position} ({wanted})", slots)
    step = kind.read(fields)
    fields.done()
    return step


def _read_select(value: Any, slots: int) -> tuple[int, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_SLOTS:
        raise PackageInvalid(f"the preparation should select 1 to {MOST_SLOTS} slots")
    return tuple(read_index(each, "the selected slots", below=slots) for each in value)
