"""Which instants a supervised segmenter is trained, tuned and tested at."""

from __future__ import annotations

from dataclasses import dataclass

from strata.clock import format_instant
from strata.errors import InputInvalid
from strata.events import DAY_US
from training.definition import Split


@dataclass(frozen=True)
class Schedule:
    """Label instants in microseconds, ascending. The label window of instant t is (t, t + horizon]."""

    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]
    horizon_us: int

    @property
    def statement(self) -> str:
        """The leak guard in words, for the page."""
        days = self.horizon_us // DAY_US
        spans = (
            f"{name} windows {format_instant(times[0])} to {format_instant(times[-1] + self.horizon_us)}"
            for name, times in (("training", self.train), ("validation", self.validation), ("test", self.test))
        )
        return (
            f"Labels look {days} days ahead: {'; '.join(spans)}. No label window of one part overlaps another's, "
            "and every feature is evaluated at its own label date from what was recorded by then."
        )


def lay_out(now_us: int, horizon_days: int, split: Split, first_event_us: int, *, cut: bool = False) -> Schedule:
    """Lay the label dates back from now, each part a whole horizon before the next.

    The last test window ends at now, so every label is complete. Raises InputInvalid when the history begins
    after the first training date; `cut` says that it was made to begin there.

    >>> day = 86_400_000_000
    >>> s = lay_out(400 * day, 60, Split(step_days=10, train_dates=2, validation_dates=1), 0)
    >>> [t // day for t in (*s.train, *s.validation, *s.test)]
    [210, 220, 280, 340]
    """
    horizon = horizon_days * DAY_US
    test = _back_from(now_us - horizon, split.test_dates, split.step_days)
    validation = _back_from(test[0] - horizon, split.validation_dates, split.step_days)
    train = _back_from(validation[0] - horizon, split.train_dates, split.step_days)
    if train[0] <= first_event_us:
        short = -(-(first_event_us - train[0]) // DAY_US)
        whose, remedy = ("with --since the", "look further back") if cut else ("the", "import older events")
        raise InputInvalid(
            f"{whose} history begins at {format_instant(first_event_us)}, and the first label date would be {short:,} "
            f"days before; {remedy}, or lower train_dates or step_days"
        )
    return Schedule(train, validation, test, horizon)


def _back_from(last_us: int, count: int, step_days: int) -> tuple[int, ...]:
    return tuple(last_us - i * step_days * DAY_US for i in reversed(range(count)))
