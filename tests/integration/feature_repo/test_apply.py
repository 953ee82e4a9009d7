"""Definitions into Feast's registry."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from feast_world import PACKAGE, World

from strata.errors import DefinitionInvalid
from strata.registry import read_catalog

pytestmark = pytest.mark.integration


def versions(world: World) -> dict[str, int]:
    return {view.name: view.current_version_number for view in world.open().list_feature_views()}


def write_repository(world: World, body: str) -> None:
    """Replace what the repository defines."""
    head = "from feature_repo.definitions import entities, sources\nfrom feature_repo.declare import *\n"
    (world.settings.repo / "repository.py").write_text(head + body)


def test_applying_twice_changes_nothing(world: World) -> None:
    """The second apply says so, and the registry file keeps every byte."""
    from feature_repo.apply import apply_definitions

    first = apply_definitions(world.settings)
    content = world.settings.registry.read_bytes()
    second = apply_definitions(world.settings)
    assert first
    assert {"view rfm", "feature service value_tiers", "entity user", "source events_push"} <= set(first.added)
    assert not second
    assert second.unchanged == len(first.added)
    assert world.settings.registry.read_bytes() == content


def test_feasts_own_apply_makes_no_new_version(applied: World) -> None:
    """`feast apply` in the repository's folder, plain settings and all, leaves every view at its version."""
    before, catalog = versions(applied), read_catalog(applied.settings.registry)
    command = [str(Path(sys.executable).with_name("feast")), "apply"]
    environment = {**os.environ, **applied.environment()}
    done = subprocess.run(
        command, cwd=applied.settings.repo, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert versions(applied) == before
    assert read_catalog(applied.settings.registry).version == catalog.version


def test_feast_apply_imports_the_definitions_alone() -> None:
    """The plug-ins and commands beside them are left out by .feastignore."""
    from feast.repo_operations import get_repo_files

    assert [path.name for path in get_repo_files(PACKAGE)] == ["repository.py"]


def test_a_changed_and_a_removed_view_are_told(applied: World) -> None:
    """What is no longer defined goes, with its online rows; a changed feature makes a new version."""
    from feature_repo.apply import apply_definitions

    write_repository(
        applied,
        "from strata.features.builder import count, days\n"
        "user, source = entities.user, sources.events_push\n"
        "rfm = windowed('rfm', entity=user, source=source, features=[count('visits_7d', window=days(7))])\n",
    )
    changes = apply_definitions(applied.settings)
    assert "view rfm" in changes.changed
    assert "view behaviour" in changes.removed
    assert "feature service value_tiers" in changes.removed
    assert list(read_catalog(applied.settings.registry).views) == ["rfm"]


def test_the_order_of_a_service_is_part_of_it(applied: World) -> None:
    """Feast calls two services equal whose views stand in another order; a model does not."""
    from feature_repo.apply import apply_definitions

    source = (applied.settings.repo / "repository.py").read_text()
    swap = (
        "\nfrom feast import FeatureService\n"
        "found = defined_objects()\n"
        "value_tiers = FeatureService(name='promo_responder', features=["
        "found['FeatureView_profile'], found['FeatureView_rfm'], found['FeatureView_behaviour'], "
        "found['FeatureView_temporal']], description='Whether a user redeems a coupon soon')\n"
        "del FeatureService_promo_responder, found\n"
    )
    (applied.settings.repo / "repository.py").write_text(source + swap)
    assert apply_definitions(applied.settings).changed == ("feature service promo_responder",)
    assert read_catalog(applied.settings.registry).service("promo_responder").views[0] == "profile"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            "from strata.features.builder import count, days, hours\n"
            "bad = windowed('bad', entity=entities.user, source=sources.events_push, hop=hours(7),\n"
            "               features=[count('n', window=days(1))])\n",
            "multiple of the hop",
        ),
        (
            "from strata.features.builder import days, total\n"
            "bad = windowed('bad', entity=entities.user, source=sources.events_push,\n"
            "               features=[total('n', of='category', window=days(1))])\n",
            "category",
        ),
        (
            "bad = row_view('bad', entity=entities.user, source=sources.profile_push, facts=[Fact('band')])\n",
            "strata.categories",
        ),
        (
            "from feast import FeatureView, Field\nfrom feast.types import Float64\n"
            "bad = FeatureView(name='bad', entities=[entities.user], source=sources.profile_history,\n"
            "                  schema=[Field(name='x', dtype=Float64)])\n",
            "declare it with",
        ),
        (
            "from feast import FileSource\n"
            "source = FileSource(name='s', path='x.parquet', timestamp_field='event_time')\n"
            "bad = row_view('bad', entity=entities.user, source=source, facts=[Fact('n', 'int64')])\n",
            "created_timestamp_column",
        ),
        ("1 / 0\n", "ZeroDivisionError"),
        ("def\n", "SyntaxError"),
    ],
)
def test_a_bad_definition_is_refused_before_the_registry_is_touched(applied: World, body: str, reason: str) -> None:
    """One sentence with the reason, and the registry keeps every byte."""
    from feature_repo.apply import apply_definitions

    content = applied.settings.registry.read_bytes()
    write_repository(applied, body)
    with pytest.raises(DefinitionInvalid, match=reason):
        apply_definitions(applied.settings)
    assert applied.settings.registry.read_bytes() == content


def test_a_repository_that_is_not_one_is_a_sentence(world: World, tmp_path: Path) -> None:
    """The wrong folder, settings without their groups, a registry that is none."""
    from feature_repo.apply import apply_definitions

    elsewhere = world.settings.model_copy(update={"repo": tmp_path / "nowhere"})
    with pytest.raises(DefinitionInvalid, match=r"no repository\.py"):
        apply_definitions(elsewhere)
    world.settings.registry.write_bytes(b"garbage")
    with pytest.raises(DefinitionInvalid, match="not a whole Feast registry"):
        apply_definitions(world.settings)
    world.settings.registry.unlink()
    (world.settings.repo / "feature_store.yaml").write_text("project: x\n")
    with pytest.raises(DefinitionInvalid, match="groups registry"):
        apply_definitions(world.settings)
