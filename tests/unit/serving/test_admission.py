"""Which calls a worker begins: deadlines, calls in flight, batches after single calls; and what that keeps."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from simulated_worker import ANSWER_S, run_embedded, run_remote

from serving.domain.admission import Admission, AdmissionLimits, Cause, units_of
from serving.domain.in_flight_limit import WINDOW, InFlightLimit
from serving.domain.pace import Pace

PLENTY_S = 10.0


def door(**limits: float) -> Admission:
    return Admission(AdmissionLimits(**limits))  # type: ignore[arg-type]


def at_pace(made: Admission, seconds: float) -> Admission:
    """A door that has seen single calls take so long."""
    for _ in range(100):
        assert made.enter_single(PLENTY_S) is None
        made.leave_single(seconds, 1.0, answered=True)
    return made


def test_three_times_the_load_is_a_collapse_without_a_door() -> None:
    """Everyone waits as long as deadlines are, and answers come too late: first come, first served."""
    outcome = run_embedded(None, load=3.0, bound=10**9)
    assert outcome.share_of(1 / ANSWER_S) < 0.2


def test_three_times_the_load_keeps_goodput_with_a_door_and_a_bounded_queue() -> None:
    """At least 80 % of capacity in time, and nobody waits half a deadline."""
    outcome = run_embedded(door(), load=3.0, bound=64)
    assert outcome.share_of(1 / ANSWER_S) >= 0.8
    assert max(outcome.waits_s) < 0.05
    assert outcome.vain == 0


def test_refusing_in_python_alone_does_not_keep_goodput() -> None:
    """Why the queue is bounded below Python: a refusal costs nearly half an answer, and there are two for each."""
    outcome = run_embedded(door(), load=3.0, bound=10**9)
    assert outcome.share_of(1 / ANSWER_S) < 0.5


def test_below_capacity_nobody_is_refused() -> None:
    outcome = run_embedded(door(), load=0.7, bound=64)
    assert (outcome.refused, outcome.vain) == (0, 0)


def test_calls_that_wait_for_a_remote_segmenter_are_limited_by_their_latency() -> None:
    """The limit finds what the segmenter can do at once, from above, without being told."""
    without = run_remote(None, load=3.0)
    made = door()
    within = run_remote(made, load=3.0)
    capacity = 4 / 0.004
    assert without.share_of(capacity) < 0.2
    assert within.share_of(capacity) >= 0.8
    assert made.limit.value < 100


def test_a_call_whose_answer_would_come_too_late_is_not_begun() -> None:
    made = at_pace(door(), 0.020)
    assert made.enter_single(0.019) is Cause.DEADLINE
    assert made.enter_single(0.021) is None
    assert made.in_flight == 1


def test_what_calls_waited_for_others_is_no_measure_of_the_worker() -> None:
    """A caller with little time has the ladder inside it: 10 ms of work in 2 s are 10 ms, of a batch too."""
    made = door()
    for _ in range(100):
        assert made.enter_single(PLENTY_S) is None
        made.leave_single(2.0, 1.0, answered=True, waited_s=1.99)
        assert made.enter_batch(10, PLENTY_S, 0.0) is None
        made.leave_batch(10, 2.0, 1.0, answered=True, waited_s=1.99)
    assert (made.enter_single(0.011), made.enter_batch(10, 0.011, 10_000.0)) == (None, None)
    assert (made.enter_single(0.009), made.enter_batch(10, 0.009, 10_000.0)) == (Cause.DEADLINE, Cause.DEADLINE)


def test_a_batch_is_judged_by_its_users() -> None:
    """What one user takes is known from other batches."""
    made = door()
    assert made.enter_batch(100, PLENTY_S, 0.0) is None
    made.leave_batch(100, 0.01, 0.1, answered=True)
    assert made.enter_batch(1_000, 0.09, 1.0) is Cause.DEADLINE
    assert made.enter_batch(500, 0.09, 1.0) is None


def test_a_caller_that_is_gone_is_no_refusal() -> None:
    """Its call ends as DEADLINE_EXCEEDED, by the handler."""
    assert at_pace(door(), 0.02).enter_single(0.0) is None


def test_one_long_pause_does_not_shut_the_door_for_good() -> None:
    """Estimates shrink with each refusal that rests on them alone."""
    made = at_pace(door(), 5.0)
    refusals = 0
    while made.enter_single(0.1) is not None:
        refusals += 1
    assert 0 < refusals < 200


def test_batches_leave_room_for_single_calls() -> None:
    """Half the limit is theirs; single calls may have all of it."""
    made = door(most_in_flight=100, batch_share=0.5)
    assert made.enter_batch(1_000, PLENTY_S, 0.0) is None  # 41
    assert made.enter_batch(500, PLENTY_S, 0.0) is Cause.BATCH_SHARE  # 21 more
    assert made.enter_batch(200, PLENTY_S, 0.0) is None  # 9 more
    for _ in range(50):
        assert made.enter_single(PLENTY_S) is None
    assert made.enter_single(PLENTY_S) is Cause.IN_FLIGHT


def test_one_batch_is_always_taken_by_an_idle_worker() -> None:
    """However small the limit has become."""
    assert door(least_in_flight=1, most_in_flight=1).enter_batch(1_000, PLENTY_S, 0.0) is None


def test_while_callers_wait_batches_have_their_share_of_the_time() -> None:
    """And all of it when nobody waits."""
    made = door(batch_share=0.5)
    taken, now_s = 0.0, 100.0
    for _ in range(1_000):
        made.wait_s = 0.03
        if made.enter_single(PLENTY_S) is None:
            made.leave_single(0.0001, now_s, answered=True)
        if made.enter_batch(500, PLENTY_S, now_s) is None:
            made.leave_batch(500, 0.016, now_s + 0.016, answered=True)
            now_s, taken = now_s + 0.016, taken + 0.016
        else:
            now_s += 0.001
    assert 0.45 < taken / (now_s - 100.0) < 0.6
    made.wait_s = 0.001
    assert made.enter_batch(500, PLENTY_S, now_s) is None


def test_batches_alone_have_all_the_time_there_is() -> None:
    """However long they wait: nobody is before them."""
    made, now_s = door(batch_share=0.5), 100.0
    for _ in range(100):
        made.wait_s = 0.5
        assert made.enter_batch(500, PLENTY_S, now_s) is None
        made.leave_batch(500, 0.016, now_s + 0.016, answered=True)
        now_s += 0.016


def test_the_limit_falls_when_latency_grows_and_comes_back() -> None:
    """Between its bounds; only windows that fill it count."""
    limit = InFlightLimit(8, 256)

    def windows(count: int, seconds: float, in_flight: int) -> int:
        for _ in range(count * WINDOW):
            limit.took(seconds, in_flight, 1.0)
        return limit.value

    assert windows(5, 0.002, 1) == 256
    assert windows(40, 0.200, 256) < 20
    fallen = limit.value
    assert windows(40, 0.200, 1) == fallen
    assert windows(60, 0.002, 256) == 256


@given(st.lists(st.tuples(st.sampled_from(["single", "batch", "leave"]), st.integers(1, 1_000)), max_size=200))
def test_what_is_in_flight_adds_up(steps: list[tuple[str, int]]) -> None:
    """Whatever comes in whatever order: within the limit but for one batch, and nothing left when all have left."""
    made = door(most_in_flight=60)
    inside: list[int] = []
    for kind, users in steps:
        if kind == "single" and made.enter_single(PLENTY_S) is None:
            inside.append(0)
        elif kind == "batch" and made.enter_batch(users, PLENTY_S, 0.0) is None:
            inside.append(users)
        elif kind == "leave" and inside:
            _leave(made, inside.pop(0))
        assert made.in_flight == sum(units_of(each) if each else 1 for each in inside)
        assert made.in_flight <= 60
    for users in inside:
        _leave(made, users)
    assert made.in_flight == 0


def _leave(made: Admission, users: int) -> None:
    if users:
        made.leave_batch(users, 0.001, 0.0, answered=True)
    else:
        made.leave_single(0.001, 0.0, answered=True)


@given(st.lists(st.floats(1e-6, 10.0), min_size=1, max_size=50))
def test_a_pace_lies_at_or_above_the_least_and_grows_no_wilder_than_the_most(times: list[float]) -> None:
    pace = Pace()
    for each in times:
        pace.took(each)
    assert min(times) * 0.999 <= pace.expected_s <= max(times) * 3.001
