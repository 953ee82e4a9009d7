"""Windows and durations from the command line."""

import pytest

from monitoring.report.window import Window, parse_window
from strata.durations import parse_duration_s
from strata.errors import InputInvalid

HOUR_US = 3_600_000_000


def test_without_options_the_last_24_hours() -> None:
    """The default window counts back from now."""
    assert parse_window(None, None, None).resolve(100 * HOUR_US, None) == (76 * HOUR_US, None)


def test_last_counts_back_from_the_log_where_it_is_ahead_of_the_clock() -> None:
    """A replay begun by another process runs ahead of this one's clock; its rows still count."""
    assert Window(last_s=3600).resolve(10 * HOUR_US, 50 * HOUR_US) == (49 * HOUR_US, None)


def test_an_old_log_is_outside_the_last_hours() -> None:
    """A log that ended long ago is not taken for the last hour."""
    assert Window(last_s=3600).resolve(50 * HOUR_US, 10 * HOUR_US) == (49 * HOUR_US, None)


def test_since_and_until_are_instants() -> None:
    """Half open, in microseconds."""
    window = parse_window("1970-01-01T00:00:01Z", "1970-01-01T00:00:02Z", None)
    assert window.resolve(0, None) == (1_000_000, 2_000_000)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("2017-12-01T00:00:00Z", None, "24h"), "--last cannot be combined"),
        (("yesterday", None, None), "is not an ISO 8601 instant"),
        (("2017-12-01", None, None), "has no offset"),
        (("2017-12-02T00:00:00Z", "2017-12-01T00:00:00Z", None), "--since must be before --until"),
        ((None, None, "a while"), "is not a duration"),
        ((None, None, "0h"), "is not a duration"),
    ],
)
def test_nonsense_is_refused_in_a_sentence(arguments: tuple[str | None, str | None, str | None], words: str) -> None:
    """Each wrong option says what to write."""
    with pytest.raises(InputInvalid, match=words):
        parse_window(*arguments)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("24h", 86_400), ("7d", 604_800), ("1W", 604_800)]
)
def test_durations(text: str, seconds: int) -> None:
    """Seconds, minutes, hours, days, weeks."""
    assert parse_duration_s(text) == seconds
