"""Which stretch of the log a report covers, in the platform's time."""

from __future__ import annotations

from dataclasses import dataclass

from strata.clock import SECOND_US, parse_instant
from strata.durations import parse_duration_s
from strata.errors import InputInvalid, SettingsInvalid


@dataclass(frozen=True)
class Window:
    """`since_us <= as_of < until_us`; None is unbounded. With `last_s` it ends at the log's newest row or now."""

    since_us: int | None = None
    until_us: int | None = None
    last_s: int | None = None

    def resolve(self, now_us: int, newest_us: int | None) -> tuple[int | None, int | None]:
        """The bounds. Under a replay started elsewhere the log can be ahead of this process's clock, so `last`
        counts back from whichever is later."""
        if self.last_s is None:
            return self.since_us, self.until_us
        end_us = max(now_us, newest_us or now_us)
        return end_us - self.last_s * SECOND_US, None


def parse_window(since: str | None, until: str | None, last: str | None) -> Window:
    """From the command line; without any of the three, the last 24 hours."""
    if last is not None and (since is not None or until is not None):
        raise InputInvalid("--last cannot be combined with --since or --until; give one or the other")
    if since is None and until is None:
        return Window(last_s=parse_duration_s(last or "24h"))
    try:
        bounds = [None if text is None else parse_instant(text) for text in (since, until)]
    except SettingsInvalid as error:
        raise InputInvalid(str(error)) from None
    if bounds[0] is not None and bounds[1] is not None and bounds[0] >= bounds[1]:
        raise InputInvalid("--since must be before --until")
    return Window(bounds[0], bounds[1])
