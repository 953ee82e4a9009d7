"""Events and facts into the state. No Feast in here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from strata.features.events import EventBatch
from strata.features.facts import decode_row
from strata.features.fold import fold
from strata.features.plan import Plan
from strata.state.ports import StateWriter


def fold_events(state: StateWriter, plans: Iterable[Plan], events: EventBatch) -> int:
    """Fold events into every view; one transaction per view. Returns how many events a view newly took.

    Folding again what was folded before changes nothing, so a push that failed half way is simply repeated.
    """
    parts = dict(events.by_user())
    accepted = 0
    for plan in plans:
        taken: list[int] = []

        def change(user: str, row: bytes | None, plan: Plan = plan, taken: list[int] = taken) -> bytes | None:
            outcome = fold(plan, row, parts[user])
            taken.append(outcome.accepted)
            return outcome.row

        state.update(plan.spec.name, list(parts), change)
        accepted = max(accepted, sum(taken))
    return accepted


def put_newest(state: StateWriter, plan: Plan, newest: Mapping[str, tuple[tuple[int, int], bytes]]) -> int:
    """Write rows that are not older than what is held."""

    def change(user: str, held: bytes | None) -> bytes | None:
        times, row = newest[user]
        fact = None if held is None else decode_row(plan, held)
        return row if fact is None or (fact.event_us, fact.recorded_us) <= times else None

    return state.update(plan.spec.name, sorted(newest, key=str.encode), change)
