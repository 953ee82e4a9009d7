"""Says loudly when the broker's half of the log's suite could not run."""

from __future__ import annotations

import pytest
from kafka_broker import why_not


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A paragraph of its own at the end of the run: a skipped test is easily overlooked."""
    reason = why_not()
    if reason is not None:
        terminalreporter.section("THE LOG WAS NOT TESTED ON KAFKA", sep="!", red=True)
        terminalreporter.line(f"{reason}. Install them (Java 17 or later, Maven) to run those tests.")
