"""Says at the end of a run what was not tested, and why: a skipped test is easily overlooked."""

from __future__ import annotations

from collections import Counter

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each reason, with the number of tests it cost."""
    reports = terminalreporter.stats.get("skipped", [])
    reasons = Counter(
        str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr).removeprefix("Skipped: ")
        for report in reports
    )
    if reasons:
        terminalreporter.section("NOT TESTED HERE", sep="!", red=True)
        for reason, tests in reasons.most_common():
            terminalreporter.line(f"{tests} tests: {reason}")
