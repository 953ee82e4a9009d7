"""Open Feast's FeatureStore on the platform's own home and clock."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from feature_repo.feast_import import import_feast
from strata.errors import DefinitionInvalid
from strata.settings import Settings

if TYPE_CHECKING:
    from feast import FeatureStore, RepoConfig


def open_store(settings: Settings) -> FeatureStore:
    """Feast's store of `settings.repo`, reading and writing below `settings.home`, at the settings' clock.

    Costs the import of Feast on first use (about six seconds of CPU). Raises DefinitionInvalid when the
    repository has no usable feature_store.yaml.
    """
    feast = import_feast()
    store: FeatureStore = feast.FeatureStore(config=_repo_config(settings))
    store.provider.online_store.clock = settings.make_clock()  # type: ignore[attr-defined]
    return store


def repo_document(settings: Settings) -> dict[str, Any]:
    """feature_store.yaml with this home's paths in it, absolute."""
    path = settings.repo / "feature_store.yaml"
    try:
        document: dict[str, Any] = yaml.safe_load(os.path.expandvars(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise DefinitionInvalid(f"{settings.repo} is not a Feast repository: it has no feature_store.yaml") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DefinitionInvalid(f"{path} cannot be read: {error}") from None
    try:
        document["registry"] |= {"path": _absolute(settings.registry)}
        document["online_store"] |= {
            "path": _absolute(settings.state), "url": settings.state_url, "partitions": settings.log.partitions,
        }  # fmt: skip
        document["offline_store"] |= {"home": _absolute(settings.home)}
    except (TypeError, KeyError, ValueError):
        raise DefinitionInvalid(f"{path} should have the groups registry, online_store and offline_store") from None
    return document


def _absolute(path: Path) -> str:
    return str(path.resolve())


def _repo_config(settings: Settings) -> RepoConfig:
    from feast.repo_config import RepoConfig

    logging.getLogger("feast.repo_config").addFilter(_is_news)
    try:
        return RepoConfig(**repo_document(settings), repo_path=settings.repo.resolve())
    except ValueError as error:
        raise DefinitionInvalid(f"{settings.repo / 'feature_store.yaml'}: {error}") from None


def _is_news(record: logging.LogRecord) -> bool:
    """Feast says that serve_features_while_materializing "typically has no effect" on a file registry, at every start.

    Without it, reads of a view fail while it is materialised from the same process (Feast 0.67, tried).
    """
    return "serve_features_while_materializing" not in record.getMessage()
