"""How far the rows have got, by looks at the log's ends."""

from __future__ import annotations

from streaming.fold.applied import AppliedWatermark


def test_a_quiet_log_is_applied_up_to_now() -> None:
    """Nothing waits: the moment of the look."""
    applied = AppliedWatermark()
    assert applied.look(10, {0: 5, 1: 3}, {0: 5, 1: 3}.__getitem__)
    assert applied.at_us == 10
    assert not applied.look(10, {0: 5, 1: 3}, {0: 5, 1: 3}.__getitem__)


def test_a_log_that_never_stops_is_applied_up_to_a_moment_ago() -> None:
    """Something always waits, yet what was there at the last look is folded at the next."""
    applied = AppliedWatermark()
    folded, moved = {0: 0}, []
    for look in range(1, 6):
        moved.append(applied.look(look, {0: folded[0] + 7}, folded.__getitem__))
        folded[0] += 10
    assert moved == [False, True, True, True, True]
    assert applied.at_us == 4


def test_a_backlog_holds_the_watermark() -> None:
    """It stays at the look whose ends are not reached, in any partition, and moves once they are."""
    applied, folded = AppliedWatermark(), {0: 0, 1: 0}
    assert not applied.look(1, {0: 100, 1: 4}, folded.__getitem__)
    folded |= {0: 99, 1: 50}
    assert not applied.look(2, {0: 500, 1: 60}, folded.__getitem__)
    folded |= {0: 100}
    assert applied.look(3, {0: 500, 1: 60}, folded.__getitem__)
    assert applied.at_us == 1
