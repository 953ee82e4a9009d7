"""Keys, labels and descriptions that follow the users: a rule names a segment at birth, and never again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from strata.runtime import SegmentEntry
from training.clusters.naming import TYPICAL
from training.identity.match import Origin
from training.sections import SegmentText

LONGEST: Final = 63
"""Of a key: `training.sections.Key`."""


def carry(
    birth: Sequence[SegmentText],
    old: Sequence[SegmentEntry],
    found: Sequence[Origin],
    declared: Mapping[str, SegmentText],
) -> list[SegmentText]:
    """One text per new segment, in the new order.

    A segment that goes on as an old one has the old key, whatever the rule says now, with the text the definition has
    for that key, else the old one's. A new one has the name the rule gave it at `birth`, unless users know that key
    by another segment: then a key nobody used.
    """
    texts = list(birth)
    going_on = {each.new: each.carried for each in found if each.new is not None and each.carried is not None}
    for new, carried in going_on.items():
        texts[new] = _carried(old[carried], declared)
    used = {entry.key for entry in old}
    for new, text in enumerate(birth):
        if new not in going_on:
            texts[new] = _fresh(text, used)
            used.add(texts[new].key)
    return texts


def renamings(birth: Sequence[SegmentText], given: Sequence[SegmentText]) -> list[str]:
    """A sentence for each segment that the rule would call otherwise now."""
    return [
        f"{now.key} keeps its key, as it holds the same users; by its shape the rule would call it {rule.key}."
        for rule, now in zip(birth, given, strict=True)
        if rule.key != now.key and not now.key.startswith(f"{rule.key}_")
    ]


def _carried(entry: SegmentEntry, declared: Mapping[str, SegmentText]) -> SegmentText:
    if entry.key in declared:
        text = declared[entry.key]
        return SegmentText(key=text.key, label=text.label, description=text.description)
    # The figures of its typical member are the old version's; the export adds the new ones.
    return SegmentText(key=entry.key, label=entry.label, description=entry.description.split(TYPICAL)[0])


def _fresh(text: SegmentText, used: Collection[str]) -> SegmentText:
    if text.key not in used:
        return SegmentText(key=text.key, label=text.label, description=text.description)
    number = next(n for n in range(2, len(used) + 3) if _numbered(text.key, n) not in used)
    return SegmentText(key=_numbered(text.key, number), label=f"{text.label} ({number})", description=text.description)


def _numbered(key: str, number: int) -> str:
    ending = f"_{number}"
    return key[: LONGEST - len(ending)] + ending
