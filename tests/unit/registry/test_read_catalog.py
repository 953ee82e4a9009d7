"""Reading Feast's registry file without Feast."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from registry_files import (
    SPEND,
    TIMESTAMP,
    row_message,
    service_message,
    windowed_message,
    write_registry,
)

from strata.errors import DefinitionInvalid
from strata.features.spec import view_spec
from strata.registry import read_catalog
from strata.registry.v1 import feast_registry_pb2 as pb


def test_views_and_services_become_kernel_specs(tmp_path: Path) -> None:
    """Fields keep their order and tags, a service its features, and the fingerprint is the kernel's own."""
    path = write_registry(
        tmp_path / "r.db",
        windowed_message(),
        row_message(ttl_s=90),
        service_message("tiers", "spend:spent_7d", "spend:visits_7d", "profile:kids"),
    )
    catalog = read_catalog(path)
    assert catalog.views["spend"].fingerprint == view_spec("spend", "windowed", SPEND).fingerprint
    assert (catalog.views["spend"].kind, catalog.views["spend"].source) == ("windowed", "events_history")
    assert catalog.views["profile"].ttl_us == 90_000_000
    assert catalog.services["tiers"].keys == ("spend:spent_7d", "spend:visits_7d", "profile:kids")
    assert catalog.services["tiers"].views == ("spend", "profile")
    assert catalog.refused == {}


def test_windowed_views_are_found_by_their_source(tmp_path: Path) -> None:
    """What an event changes: the windowed views of its history, and no row view."""
    path = write_registry(
        tmp_path / "r.db",
        windowed_message("b"),
        windowed_message("a"),
        windowed_message("c", source="other"),
        row_message(),
    )
    assert [view.name for view in read_catalog(path).windowed_on("events_history")] == ["a", "b"]


def test_the_version_changes_with_the_meaning_alone(tmp_path: Path) -> None:
    """A materialisation rewrites Feast's file and its version id; a changed feature is another version here."""
    path = tmp_path / "r.db"
    first = read_catalog(write_registry(path, windowed_message(), version="1")).version
    assert read_catalog(write_registry(path, windowed_message(), version="2")).version == first
    assert read_catalog(write_registry(path, windowed_message(triples=SPEND[:1]), version="1")).version != first


@pytest.mark.parametrize(
    ("service", "reason"),
    [
        (service_message("s", "ratio:x"), "pickled function"),
        (service_message("s", "gone:x"), "no such view"),
        (service_message("s", "spend:gone"), "does not have"),
        (service_message("s", "spend:visits_7d", alias="other"), "renames"),
        (service_message("s"), "no features"),
        (service_message("s", "spend:visits_7d", "spend:visits_7d"), "twice"),
        (service_message("s", "spend:visits_7d", defaults="[]"), "not an object"),
        (service_message("s", "spend:visits_7d", defaults="{"), "not JSON"),
        (service_message("s", "spend:visits_7d", defaults='{"spend:spent_7d": 1}'), "does not list"),
        (service_message("s", "spend:visits_7d", defaults='{"spend:visits_7d": "many"}'), "not a number"),
    ],
)
def test_a_service_that_cannot_be_served_is_refused_alone(
    tmp_path: Path, service: pb.FeatureService, reason: str
) -> None:
    """The others are served; asking for the refused one gives the reason."""
    ratio = pb.OnDemandFeatureView(spec=pb.OnDemandFeatureViewSpec(name="ratio"))
    good = service_message("good", "spend:visits_7d", defaults='{"spend:visits_7d": 0}')
    catalog = read_catalog(write_registry(tmp_path / "r.db", windowed_message(), ratio, service, good))
    assert catalog.service("good").defaults == {"spend:visits_7d": 0.0}
    assert reason in catalog.refused["s"]
    with pytest.raises(DefinitionInvalid, match=reason):
        catalog.service("s")


def test_a_broken_view_takes_only_its_services_with_it(tmp_path: Path) -> None:
    """A mistyped tag, a type no vector holds and an undeclared kind each refuse that one view, by name."""
    mistyped = windowed_message("mistyped")
    mistyped.spec.features[0].tags["strata.windows_s"] = "7"
    timestamps = row_message("timestamps")
    timestamps.spec.features[0].value_type = TIMESTAMP
    plain = row_message("plain")
    del plain.spec.tags["strata.kind"]
    catalog = read_catalog(
        write_registry(
            tmp_path / "r.db",
            mistyped,
            timestamps,
            plain,
            windowed_message(),
            service_message("s", "mistyped:visits_7d"),
        )
    )
    assert set(catalog.views) == {"spend"}
    assert set(catalog.refused) == {"mistyped", "timestamps", "plain", "s"}
    assert "strata.windows_s" in catalog.refused["s"]


def test_an_event_view_is_a_door_and_not_a_view(tmp_path: Path) -> None:
    """Nothing can be read from it, whatever the types of its columns."""
    door = windowed_message("events")
    door.spec.tags["strata.kind"] = "events"
    catalog = read_catalog(write_registry(tmp_path / "r.db", door))
    assert "events" not in catalog.views
    assert "takes events in" in catalog.refused["events"]


@pytest.mark.parametrize("content", [b"", b"not a registry at all", b"\x0a\xff\xff", bytes(range(256))])
def test_a_file_that_is_no_registry_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    """Empty, garbage or cut short: the sentence says what to do."""
    path = tmp_path / "r.db"
    path.write_bytes(content)
    with pytest.raises(DefinitionInvalid, match="strata features apply"):
        read_catalog(path)


def test_every_cut_of_a_registry_is_refused_or_sound(tmp_path: Path) -> None:
    """A file cut anywhere is refused with a sentence, or read without what was cut off; never a stack trace."""
    path = write_registry(tmp_path / "r.db", windowed_message(), row_message(), service_message("s", "spend:visits_7d"))
    whole = path.read_bytes()
    for size in range(0, len(whole), 7):
        path.write_bytes(whole[:size])
        try:
            catalog = read_catalog(path)
        except DefinitionInvalid:
            continue
        assert set(catalog.views) <= {"spend", "profile"}


def test_a_missing_registry_says_what_makes_one(tmp_path: Path) -> None:
    """Nothing was applied yet."""
    with pytest.raises(DefinitionInvalid, match=r"no feature registry at .*; run: strata features apply"):
        read_catalog(tmp_path / "none.db")
    with pytest.raises(DefinitionInvalid, match="cannot be read"):
        read_catalog(tmp_path)


def test_reading_does_not_import_feast() -> None:
    """`import feast` costs six seconds of CPU and 190 MB; a gateway worker pays neither."""
    code = "import strata.registry, sys; print({'feast', 'pandas', 'pyarrow'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
