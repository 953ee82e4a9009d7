"""The proof of releases, short and on a toy home; and what it calls wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from toy_home import make_home

from loadtests.live.release_report import print_releases
from loadtests.releases.trial import ReleaseTrial, Trial, document_of, faults_of
from strata.errors import InputInvalid
from strata.settings import Settings

pytestmark = pytest.mark.integration
USERS = {f"u{n}": (n % 11, float(n % 11), n % 4) for n in range(300)}


def test_every_change_is_made_under_load_and_nothing_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No call fails, canaries have their share, a twin agrees with itself, and every figure is in the document."""
    settings = make_home(tmp_path / "platform", USERS)
    (tmp_path / "proof").mkdir()
    trial = Trial("toy_tiers", rounds=1, shadow_s=0.5, callers=4)
    outcome = ReleaseTrial(settings, trial, tmp_path / "proof", lambda _: None).run(list(USERS))
    document = json.loads(json.dumps(document_of(trial, outcome)))
    assert faults_of(document) == []
    assert document["calls"] > 500
    assert set(document["changes"]) == {"promote", "rollback", "canary", "end canary", "shadow", "end shadow"}
    assert [each["set"] for each in document["canary"]] == [0.01, 0.05, 0.2, 0.5]
    assert document["shadow"]["users"]["agreed"] > 0
    assert min(document["shadow"]["cpu_us_per_call_without"], document["shadow"]["cpu_us_per_call_with"]) > 0
    print_releases(document | {"faults": []})
    assert "all as it must be" in capsys.readouterr().out


def test_a_home_that_is_not_prepared_is_a_sentence(tmp_path: Path) -> None:
    """Before anything is started."""
    settings = Settings(home=tmp_path / "nothing")
    with pytest.raises(InputInvalid, match="strata up --prepare-only"):
        ReleaseTrial(settings, Trial("toy_tiers", 1, 0.5), tmp_path, lambda _: None).run(["ann"])
