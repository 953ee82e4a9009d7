"""Which version answers for whom."""

from __future__ import annotations

from serving.domain.routing import KEPT, Canary, Group, Routing


class Named:
    """A share that holds the users it names."""

    def __init__(self, *users: str) -> None:
        self._users = users

    def holds(self, user: str) -> bool:
        return user in self._users


LIVE = {"tiers": "tiers@1", "promo": "promo@1"}
ROUTING = Routing(LIVE, {"tiers": Canary("tiers@2", Named("ann", "cat"))})


def test_without_a_canary_everybody_is_answered_by_the_live_versions() -> None:
    """In the order asked, and a batch in one group."""
    routing = Routing(LIVE)
    assert routing.keys(("promo", "tiers"), "ann") == ("promo@1", "tiers@1")
    assert routing.groups(("tiers",), ["ann", "bob"]) == [Group(("tiers@1",), None)]


def test_a_canary_answers_for_its_users_and_no_others() -> None:
    """Alone and in a batch; a segmenter without one is not touched."""
    assert ROUTING.keys(("tiers", "promo"), "ann") == ("tiers@2", "promo@1")
    assert ROUTING.keys(("tiers", "promo"), "bob") == ("tiers@1", "promo@1")
    assert ROUTING.groups(("promo",), ["ann", "bob"]) == [Group(("promo@1",), None)]
    assert ROUTING.groups(("tiers",), ["ann", "bob", "cat"]) == [Group(("tiers@2",), [0, 2]), Group(("tiers@1",), [1])]


def test_a_batch_of_canary_users_alone_is_one_group() -> None:
    """And so is an empty one."""
    assert ROUTING.groups(("tiers",), ["ann", "cat"]) == [Group(("tiers@2",), None)]
    assert Routing(LIVE).groups(("tiers",), []) == [Group(("tiers@1",), None)]


def test_combinations_callers_choose_are_remembered_within_bounds() -> None:
    """Any number of them is answered."""
    names = tuple(f"s{number}" for number in range(400))
    routing = Routing({name: f"{name}@1" for name in names})
    for name in names:
        assert routing.keys((name,), "ann") == (f"{name}@1",)
    assert len(routing._kept) == KEPT
