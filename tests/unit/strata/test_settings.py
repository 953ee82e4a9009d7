"""One typed, frozen object per process; anything unknown stops the start with a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from strata.errors import SettingsInvalid
from strata.settings import load_settings


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads the repository's own strata.yaml by accident."""
    monkeypatch.chdir(tmp_path)


def _write(folder: Path, text: str) -> Path:
    path = folder / "strata.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    """Loopback, the documented ports, and a home in the working folder."""
    settings = load_settings(environ={})
    assert (settings.gateway.host, settings.gateway.port, settings.home) == ("127.0.0.1", 7400, tmp_path / ".strata")


def test_paths_are_resolved_against_the_file(tmp_path: Path) -> None:
    """A relative home belongs to the settings file's folder, wherever the process was started."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    settings = load_settings(_write(folder, "home: data"), environ={})
    assert settings.home == folder / "data"
    assert settings.registry == folder / "data" / "registry.db"


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    """STRATA_GATEWAY__PORT sets gateway.port whatever the file says; other keys of the group stay."""
    path = _write(tmp_path, "gateway: {port: 1, workers: 3}")
    gateway = load_settings(path, environ={"STRATA_GATEWAY__PORT": "7000"}).gateway
    assert (gateway.port, gateway.workers) == (7000, 3)


def test_variables_that_are_no_settings_are_left_alone(tmp_path: Path) -> None:
    """Which kernel does the work is asked before there are settings."""
    environ = {"STRATA_KERNEL": "pure", "STRATA_KAFKA_CACHE": "kafka", "STRATA_RETAIL_FOLDER": "retail"}
    assert load_settings(environ=environ) == load_settings(environ={})


def test_a_named_segmenter_can_be_set_from_the_environment(tmp_path: Path) -> None:
    """A placement is changed without editing the file."""
    path = _write(tmp_path, "segmenters: {promo_responder: {placement: remote}}")
    environ = {"STRATA_SEGMENTERS__PROMO_RESPONDER__PLACEMENT": "embedded"}
    assert load_settings(path, environ).segmenters["promo_responder"].placement == "embedded"


@pytest.mark.parametrize(
    ("text", "environ", "said"),
    [
        ("gatway: {port: 1}", {}, "gatway is not a setting"),
        ("", {"STRATA_GATEWAY__PROT": "1"}, "gateway.prot is not a setting"),
        ("gateway: {port: 70000}", {}, "gateway.port is wrong: input should be less than or equal to 65535"),
        ("home: h", {"STRATA_HOME__X": "1"}, "STRATA_HOME__X: home is not a group of settings"),
        ("clock: {mode: sundial}", {}, "clock 'sundial' is neither 'system' nor 'replay:INSTANT'"),
        ("clock: {mode: 'replay:2017-12-01'}", {}, "has no offset; write 2017-12-01Z"),
        ("- 1", {}, "should hold keys and values"),
        ("a: [", {}, "is not YAML"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(tmp_path: Path, text: str, environ: dict[str, str], said: str) -> None:
    """Unknown keys, values out of range and broken files name the place and the fault."""
    with pytest.raises(SettingsInvalid) as caught:
        load_settings(_write(tmp_path, text), environ)
    assert said in str(caught.value)


def test_a_named_file_must_exist() -> None:
    """A settings file that was asked for is never silently replaced by defaults."""
    with pytest.raises(SettingsInvalid, match="there is no settings file nowhere"):
        load_settings(environ={"STRATA_SETTINGS": "nowhere.yaml"})


def test_the_state_is_in_the_home_unless_an_address_is_given(tmp_path: Path) -> None:
    """What `open_state` opens: a folder, or a Redis; an address that is none stops the start."""
    path = _write(tmp_path, "home: h")
    assert load_settings(path, environ={}).state_address == tmp_path / "h" / "state"
    found = load_settings(path, environ={"STRATA_STATE_URL": "redis://u:secret@cache:7000/2"})
    assert found.state_address == "redis://u:secret@cache:7000/2"
    with pytest.raises(SettingsInvalid, match=r"redis://\[user:password@\]host") as caught:
        load_settings(path, environ={"STRATA_STATE_URL": "http://u:secret@cache"})
    assert "secret" not in str(caught.value)


def test_settings_do_not_change() -> None:
    """The object is frozen: what was read at the entry is what holds."""
    settings = load_settings(environ={})
    with pytest.raises(ValidationError):
        settings.home = Path("x")  # type: ignore[misc]


def test_the_repositorys_own_file_is_the_demonstration(request: pytest.FixtureRequest) -> None:
    """strata.yaml at the root replays from December 2017, one segmenter each way."""
    settings = load_settings(request.config.rootpath / "strata.yaml", environ={})
    assert settings.clock.mode == "replay:2017-12-01T05:00:00Z"
    placements = {name: segmenter.placement for name, segmenter in settings.segmenters.items()}
    assert placements == {"value_tiers": "embedded", "promo_responder": "remote"}
