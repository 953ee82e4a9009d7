"""Checks made ready late are the same checks."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typeguard

from feature_repo.deferred_checks import deferred_checks
from feature_repo.feast_import import import_feast


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The functions typeguard was asked to instrument, as it was asked."""
    names: list[str] = []
    genuine = typeguard.typechecked

    def spying(target: type, **options: object) -> object:
        names.append(target.__qualname__)
        return genuine(target, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(typeguard, "typechecked", spying)
    with deferred_checks():
        yield names


class Plain:
    """One method of each kind, not yet decorated."""

    def __init__(self, count: int) -> None:
        self._count = count

    def doubled(self, text: str) -> str:
        return text * self._count * 2

    @classmethod
    def of(cls, text: str) -> Plain:
        return cls(len(text))

    @staticmethod
    def shout(text: str) -> str:
        return text.upper()

    @property
    def count(self) -> int:
        return self._count

    @count.setter
    def count(self, value: int) -> None:
        self._count = value


def decorated() -> type[Plain]:
    """A copy of `Plain` as the decorator in force leaves it."""
    return typeguard.typechecked(type("Plain", (), {**vars(Plain), "__qualname__": "Plain"}))


def test_every_kind_of_method_works_and_is_prepared_once_at_its_first_call(prepared: list[str]) -> None:
    kind = decorated()
    assert prepared == []

    made = kind(2)
    assert (made.doubled("a"), made.doubled("b"), kind.shout("c"), made.count) == ("aaaa", "bbbb", "C", 2)
    made.count = 5
    assert made.count == 5
    assert prepared == ["Plain.__init__", "Plain.doubled", "Plain.shout", "Plain.count", "Plain.count"]


@pytest.mark.usefixtures("prepared")
def test_a_wrong_type_is_refused_as_before() -> None:
    kind = decorated()
    made = kind(1)
    with pytest.raises(typeguard.TypeCheckError, match='argument "text"'):
        made.doubled(3)  # type: ignore[arg-type]
    with pytest.raises(typeguard.TypeCheckError, match='argument "text"'):
        kind.shout(None)  # type: ignore[arg-type]
    with pytest.raises(typeguard.TypeCheckError, match='argument "value"'):
        made.count = "many"  # type: ignore[assignment]
    with pytest.raises(typeguard.TypeCheckError, match='argument "count"'):
        kind("two")  # type: ignore[arg-type]


@pytest.mark.usefixtures("prepared")
def test_signatures_and_documents_stay() -> None:
    kind = decorated()
    assert inspect.signature(kind) == inspect.signature(Plain)
    assert kind.doubled.__name__ == "doubled"


def test_a_definition_with_a_wrong_type_is_refused_by_feast() -> None:
    feast = import_feast()
    with pytest.raises(typeguard.TypeCheckError, match="ttl"):
        feast.FeatureView(name="orders", source=None, ttl="a day")


def test_the_decorator_is_typeguards_own_again() -> None:
    before = typeguard.typechecked
    with deferred_checks():
        assert typeguard.typechecked is not before
    assert typeguard.typechecked is before


def test_materialize_imports_feast_with_its_checks_deferred(tmp_path: Path) -> None:
    """Whatever else it imports names Feast first at its peril: four seconds of CPU."""
    script = (
        "from typer.testing import CliRunner; from feature_repo.cli import app; import sys\n"
        "CliRunner().invoke(app, ['materialize'])\n"
        "sys.exit(0 if hasattr(sys.modules['feast'].FeatureService.__init__, '__wrapped__') else 1)\n"
    )
    environ = {**os.environ, "STRATA_HOME": str(tmp_path)}
    assert subprocess.run([sys.executable, "-c", script], env=environ, check=False).returncode == 0
