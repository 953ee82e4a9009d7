"""What the registry defines, asked by a worker that outlives its changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from toy_home import SPEC, add_service, write_registry

from serving.releases import definitions as definitions_module
from serving.releases.definitions import Definitions
from strata.errors import DefinitionInvalid
from strata.registry import read_catalog


async def test_a_registry_is_read_when_its_file_is_another_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not at every question."""
    reads = []
    monkeypatch.setattr(definitions_module, "read_catalog", lambda path: reads.append(path) or read_catalog(path))
    registry = tmp_path / "registry.db"
    write_registry(registry)
    definitions = Definitions(registry)
    first = await definitions.now()
    assert await definitions.now() is first
    add_service(registry, "toy_more", "orders", "coupons")
    assert (await definitions.now()).services.keys() == {"toy_tiers", "toy_promo", "toy_more"}
    assert (await definitions.now()).views["toy"].spec == SPEC
    assert len(reads) == 2


@pytest.mark.parametrize("damage", ["gone", "cut", "empty"])
async def test_definitions_outlive_a_registry_that_cannot_be_read(tmp_path: Path, damage: str) -> None:
    """A rollback must work without it; mended, it is read. A start needs it."""
    registry = tmp_path / "registry.db"
    write_registry(registry)
    definitions = Definitions(registry)
    first = await definitions.now()
    whole = registry.read_bytes()
    registry.write_bytes(whole[:20] if damage == "cut" else b"")
    if damage == "gone":
        registry.unlink()
    assert await definitions.now() is first
    with pytest.raises(DefinitionInvalid):
        Definitions(registry)
    registry.write_bytes(whole)
    assert (await definitions.now()).version == first.version
    add_service(registry, "toy_more", "orders")
    assert "toy_more" in (await definitions.now()).services
