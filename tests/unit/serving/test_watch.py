"""The watch list: who is told what, and what a slow reader costs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.domain.watch import Cause, Change, Present, Watcher, WatchFull, WatchList
from serving.servicers.resume_tokens import read_token, write_token


def present(segment: str, version: str = "v1", segmenter: str = "tiers") -> Present:
    return Present(segmenter, version, segment, segment.upper(), 0.5)


def watcher(*users: str) -> Watcher:
    return Watcher(("tiers",), frozenset(users))


def test_the_first_segment_is_told_as_such_and_the_same_one_not_again() -> None:
    """Looking twice at an unchanged user is no news."""
    one = watcher("ann")
    assert one.look("ann", present("low"), Cause.TIME)
    assert not one.look("ann", present("low"), Cause.EVENT)
    assert one.take(9) == ([Change("ann", present("low"), "", Cause.INITIAL)], 0)


def test_a_change_has_old_new_and_cause() -> None:
    """What the client knew, what is true now, and why."""
    one = watcher("ann")
    one.look("ann", present("low"), Cause.TIME)
    one.take(9)
    one.look("ann", present("high"), Cause.EVENT)
    assert one.take(9) == ([Change("ann", present("high"), "low", Cause.EVENT)], 0)


def test_what_a_slow_reader_has_not_read_is_replaced_and_counted() -> None:
    """It ends at the present segment, from the one it was told."""
    one = watcher("ann")
    one.look("ann", present("low"), Cause.TIME)
    one.take(9)
    for segment in ("middle", "high", "middle"):
        one.look("ann", present(segment), Cause.EVENT)
    assert len(one.pending) == 1
    assert one.take(9) == ([Change("ann", present("middle"), "low", Cause.EVENT)], 2)


def test_there_and_back_before_it_was_read_is_nothing_to_tell() -> None:
    """Only the count says that something happened."""
    one = watcher("ann")
    one.look("ann", present("low"), Cause.TIME)
    one.take(9)
    one.look("ann", present("high"), Cause.EVENT)
    assert not one.look("ann", present("low"), Cause.EVENT)
    assert one.take(9) == ([], 1)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["low", "middle", "high"]), st.booleans())))
def test_whatever_is_read_when_the_client_ends_at_the_present(steps: list[tuple[str, str, bool]]) -> None:
    """Old segments chain up: each change begins where the client's knowledge of that user ended."""
    one = watcher(*"abc")
    now: dict[str, str] = {}
    known: dict[str, str] = {}

    def read() -> None:
        for change in one.take(2)[0]:
            assert known.get(change.user, "") == change.previous
            known[change.user] = change.present.segment

    for user, segment, reads in steps:
        now[user] = segment
        one.look(user, present(segment), Cause.EVENT)
        if reads:
            read()
    assert dict(one.settled()) == {(user, "tiers"): segment for user, segment in known.items()} | {
        (user, "tiers"): "" for user in now if user not in known
    }
    while one.pending:
        read()
    assert known == now


def test_events_are_looked_at_before_time() -> None:
    """A sweep of thousands does not hold an event up."""
    watched = WatchList(10_000, 10)
    watched.add(watcher(*(f"u{n}" for n in range(1_000))))
    watched.changed(["u777", "nobody"])
    assert watched.take_due(250) == {"u777": Cause.EVENT}
    assert len(watched.take_due(250)) == 250


def test_a_watch_that_ends_leaves_nothing_behind() -> None:
    """Its users are watched by nobody, and its places are free."""
    watched = WatchList(2, 10)
    one = watcher("ann", "bob")
    watched.add(one)
    with pytest.raises(WatchFull):
        watched.add(watcher("cleo"))
    watched.remove(one)
    assert watched.users == ()
    watched.add(watcher("cleo", "dan"))
    with pytest.raises(WatchFull):
        WatchList(10, 0).add(watcher("ann"))


def test_a_watch_of_everybody_is_told_of_whoever_changes_and_bounded() -> None:
    """Nobody else's watch is needed for it, and it forgets the oldest."""
    watched = WatchList(10, 10)
    everyone = Watcher(("tiers",), None, told_limit=3)
    watched.add(everyone)
    told = 0
    for users in (["u0", "u1", "u2"], ["u3", "u4"]):
        watched.changed(users)
        for user, cause in watched.take_due(10).items():
            watched.tell(user, {"tiers": present("low")}, cause)
        told += len(everyone.take(10)[0])
    assert list(everyone.told) == [("u2", "tiers"), ("u3", "tiers"), ("u4", "tiers")]
    assert told == 5


def test_a_watch_of_everybody_takes_the_places_it_may_fill() -> None:
    """However many they are, the memory of a worker's watches is that of its places."""
    watched = WatchList(7, 10)
    first = Watcher(("tiers",), None, told_limit=3)
    watched.add(first)
    watched.add(Watcher(("tiers",), None, told_limit=3))
    with pytest.raises(WatchFull):
        watched.add(Watcher(("tiers",), None, told_limit=3))
    watched.add(watcher("ann"))
    watched.remove(first)
    watched.add(watcher("bob", "cleo", "dan"))
    with pytest.raises(WatchFull):
        watched.add(watcher("eve"))


def test_a_watch_of_everybody_nobody_reads_ends_and_holds_nothing() -> None:
    """What waits is bounded: past that it is dropped, its places are free, and the others are told as before."""
    watched = WatchList(6, 10)
    stalled, read = (Watcher(("tiers",), None, told_limit=3) for _ in range(2))
    watched.add(stalled)
    watched.add(read)
    for number in range(4):
        watched.tell(f"u{number}", {"tiers": present("low")}, Cause.EVENT)
        assert stalled.behind == (number == 3)
        assert len(read.take(9)[0]) == 1
    assert not stalled.pending
    assert not stalled.told
    assert stalled.wake.is_set()
    assert watched.watchers_of("u9") == [read]
    watched.remove(stalled)
    watched.add(watcher("ann", "bob", "cleo"))
    with pytest.raises(WatchFull):
        watched.add(watcher("dan"))


class TestTokens:
    """What a client was told, kept by the client."""

    USERS = ("ann", "bob", "cleo")

    def test_it_is_read_back_on_any_worker(self) -> None:
        """Segments by user and segmenter, and the versions they were told by."""
        told = {("ann", "tiers"): "low", ("cleo", "tiers"): "high", ("ann", "promo"): "likely"}
        token = write_token(self.USERS, {"tiers": "v1", "promo": "v7"}, told.items())
        assert read_token(token, self.USERS, ("tiers", "promo")) == (told, {"tiers": "v1", "promo": "v7"})

    def test_that_of_another_watch_is_none(self) -> None:
        """Other users, another order, other segmenters."""
        token = write_token(self.USERS, {"tiers": "v1"}, [])
        assert read_token(token, ("ann",), ("tiers",)) is None
        assert read_token(token, ("bob", "ann", "cleo"), ("tiers",)) is None
        assert read_token(token, self.USERS, ("promo",)) is None

    def test_ten_thousand_users_make_a_small_one(self) -> None:
        """A few kilobytes, since there are few segments."""
        users = [f"user-{n}" for n in range(10_000)]
        told = {(user, "tiers"): f"s{hash(user) % 4}" for user in users}
        assert len(write_token(users, {"tiers": "v1"}, told.items())) < 8_000

    @given(st.binary(max_size=60), st.integers(0, 40))
    def test_garbage_is_none(self, garbage: bytes, at: int) -> None:
        """A token is anybody's bytes."""
        token = bytearray(write_token(self.USERS, {"tiers": "v1"}, [(("ann", "tiers"), "low")]))
        token[9 + at : 9 + at + 3] = garbage[:3]
        read_token(bytes(token), self.USERS, ("tiers",))
        assert read_token(garbage, self.USERS, ("tiers",)) is None

    def test_a_token_that_unpacks_to_gigabytes_is_none(self) -> None:
        """It is unpacked to a bound."""
        import zlib

        token = write_token(self.USERS, {"tiers": "v1"}, [])
        assert read_token(token[:9] + zlib.compress(bytes(64 << 20)), self.USERS, ("tiers",)) is None
