from __future__ import annotations

from pathlib import Path

import pytest

from loadtests.budget import load_profile
from strata.errors import SettingsInvalid

LIMITS = "p50_ms: 5, p95_ms: 20, p99_ms: 50, p99_9_ms: 100, error_share: 0, degraded_share: 0, achieved_share: 1"


def _refusal(tmp_path: Path, text: str, profile: str = "p") -> str:
    path = tmp_path / "budget.yaml"
    path.write_text(text)
    with pytest.raises(SettingsInvalid) as caught:
        load_profile(profile, path)
    return str(caught.value).replace(str(path), "FILE")


def test_the_shipped_default_is_the_promise() -> None:
    """The default profile holds 200 calls/s to 5, 20, 50 and 100 ms, 0.1 % errors and 95 % of the rate."""
    profile = load_profile("default")
    assert (profile.rate, profile.p50_ms, profile.p95_ms, profile.p99_ms, profile.p99_9_ms) == (200, 5, 20, 50, 100)
    assert (profile.error_share, profile.achieved_share) == (0.001, 0.95)


def test_the_ci_profile_is_short() -> None:
    """The profile of a build machine ends within ten seconds."""
    profile = load_profile("ci")
    assert profile.warmup_s + profile.duration_s <= 10


def test_an_unknown_profile_is_answered_with_those_there_are(tmp_path: Path) -> None:
    """A mistyped profile is refused in a sentence that lists the right names."""
    text = f"profiles: {{p: {{rate: 1, duration_s: 1, {LIMITS}}}}}"
    assert _refusal(tmp_path, text, "q") == "FILE has no profile 'q'; it has p"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            f"profiles: {{p: {{rate: 1, duration_s: 1, p51_ms: 4, {LIMITS}}}}}",
            "FILE: profiles.p.p51_ms is not a key of a budget",
        ),
        (f"profiles: {{p: {{duration_s: 1, {LIMITS}}}}}", "FILE: profiles.p.rate is missing"),
        (
            f"profiles: {{p: {{rate: 0, duration_s: 1, {LIMITS}}}}}",
            "FILE: profiles.p.rate is wrong: input should be greater than 0",
        ),
        ("profiles: {}", "FILE: profiles is wrong: dictionary should have at least 1 item after validation, not 0"),
        ("", "FILE: the file is wrong: input should be a valid dictionary or instance of budget"),
    ],
)
def test_a_budget_that_does_not_fit_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    """Unknown, missing and impossible keys are refused by name."""
    assert _refusal(tmp_path, text) == sentence


def test_falling_percentiles_are_refused(tmp_path: Path) -> None:
    """A p99 below the p95 is a slip of the pen."""
    text = f"profiles: {{p: {{rate: 1, duration_s: 1, {LIMITS.replace('p99_ms: 50', 'p99_ms: 2')}}}}}"
    assert "must not fall" in _refusal(tmp_path, text)


def test_a_missing_or_broken_file_is_a_sentence(tmp_path: Path) -> None:
    """No stack trace for a path that is not there or a file that is not YAML."""
    with pytest.raises(SettingsInvalid, match="cannot be read"):
        load_profile("default", tmp_path / "none.yaml")
    assert "is not YAML" in _refusal(tmp_path, "profiles: [")
