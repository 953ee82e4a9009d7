"""What a crash proof believes, and what it would see."""

from __future__ import annotations

from collections import Counter

import pytest

from loadtests.live.compare import compare
from loadtests.live.ledger import Expected, Ledger, Purchase
from loadtests.live.makers import PurchaseMaker
from strata.v1 import event_pb2 as pb

COUNTED = {"ann": Expected(600, 3), "bob": Expected(50, 1)}


@pytest.fixture
def ledger() -> Ledger:
    """Ann bought twice and once as a visitor; Bob once."""
    ledger = Ledger()
    ledger.make([("1", Purchase("ann", 100, "a")), ("2", Purchase("ann", 200, "b"))])
    ledger.make([("3", Purchase("visitor", 300, "c")), ("4", Purchase("bob", 50, "d"))])
    ledger.alias("5", "visitor", "ann")
    ledger.acknowledged |= {"1", "2", "3", "4", "5"}
    return ledger


def held(**more: int) -> Counter[tuple[str, str]]:
    """A history that is right but for what is said."""
    right = {"1": "ann", "2": "ann", "3": "visitor", "4": "bob"}
    return Counter({(user, event): more.get(f"event_{event}", 1) for event, user in right.items()}) + Counter()


def test_a_visitors_purchases_count_for_the_user_it_became(ledger: Ledger) -> None:
    """The ledger expects them with that user's, and a right state and history differ in nothing."""
    assert ledger.expected() == COUNTED
    assert compare(ledger, COUNTED, {"visitor": "ann"}, held()) == []


@pytest.mark.parametrize("counted", [Expected(500, 3), Expected(700, 3), Expected(600, 2), Expected(600, 4)])
def test_a_purchase_too_few_or_too_many_is_told_with_the_users_events(ledger: Ledger, counted: Expected) -> None:
    """Whether the total or the visits tell."""
    found = compare(ledger, COUNTED | {"ann": counted}, {"visitor": "ann"}, held())
    assert found == [
        f"the state of 1 users is wrong; first ann: 600 cents in 3 visits were acknowledged, {counted.cents} cents in "
        f"{counted.sessions} visits are counted",
        "  1 of ann: 100 cents, 1 in the history",
        "  2 of ann: 200 cents, 1 in the history",
        "  3 of visitor: 300 cents, 1 in the history",
    ]


@pytest.mark.parametrize(
    ("history", "sentence"),
    [
        (held(event_2=0), "the history lacks 1 events, for one ('ann', '2')"),
        (held(event_4=2), "the history holds twice 1 events, for one ('bob', '4')"),
        (
            held() + Counter({("eve", "9"): 1}),
            "the history has, though nobody sent them, 1 events, for one ('eve', '9')",
        ),
    ],
)
def test_the_history_holds_each_event_once(ledger: Ledger, history: Counter[tuple[str, str]], sentence: str) -> None:
    """Lost, doubled and invented events are told."""
    assert compare(ledger, COUNTED, {"visitor": "ann"}, history) == [sentence]


def test_unacknowledged_events_and_lost_aliases_are_told(ledger: Ledger) -> None:
    """Both are differences."""
    ledger.acknowledged.discard("2")
    assert compare(ledger, COUNTED, {"visitor": None}, held()) == [
        "1 events were never acknowledged, for one 2",
        "visitor visitor became ann, and the state has None",
    ]


def test_a_refused_event_is_a_fault(ledger: Ledger) -> None:
    """The proof sends nothing that may be refused."""
    reply = pb.PublishEventsResponse(outcomes=[pb.EVENT_OUTCOME_LATE], refusals=[pb.EventRefusal(event_id="1")])
    ledger.acknowledge([pb.Event(event_id="1", user_id="ann")], reply, 0.0)
    assert ledger.fault.startswith("event 1 of ann was refused")


def test_a_makers_events_are_in_the_ledger_before_they_are_sent() -> None:
    """Under unique ids, repeats apart, with visitors who become users; the same seed makes the same events."""
    ledger, other = Ledger(), Ledger()
    makers = [PurchaseMaker("m", 1, ["ann", "bob"], one) for one in (ledger, other)]
    events, _ = ([event for _ in range(10) for event in maker.batch(500)] for maker in makers)
    assert ledger.purchases == other.purchases
    assert len({event.event_id for event in events}) == len(ledger.purchases) + len(ledger.aliases) < 5_000
    assert set(ledger.aliases.values()) == {"ann", "bob"}
