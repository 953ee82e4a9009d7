"""A comparison in lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from feature_repo.parity.compare import Parity

_EVENTS_SHOWN: Final = 5


def summary(found: Parity, seconds: float) -> Iterator[str]:
    """The figures, then the first case of each feature that differs."""
    yield (
        f"{found.pairs:,} pairs, {found.features} features, {found.values:,} values ({found.missing:,} missing), "
        f"{found.oracle_pairs:,} pairs also asked of the oracle: {found.differences:,} differ"
    )
    if found.verdicts:
        counted = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in found.verdicts.items())
        yield f"events replayed: {counted}"
    if found.replays:
        yield f"folded again after restarts: {found.replays:,}, of which {found.replays_wrong:,} were judged otherwise"
    spent = ", ".join(f"{name} {cpu:.1f}" for name, cpu in found.seconds.items())
    yield f"{seconds:.1f} s; CPU seconds: {spent}"
    for name, example in found.first.items():
        yield (
            f"  {name}: {found.by_feature[name]:,} differ, first for user {example.user} at {example.t}: "
            f"online {example.online}, offline {example.offline}, oracle {example.oracle}"
        )
        for event in example.events[:_EVENTS_SHOWN]:
            yield "    " + ", ".join(f"{key} {value}" for key, value in event.items())
