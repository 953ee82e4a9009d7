"""Find a repository's Feast objects the way `feast apply` would, without leaving the working folder."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from feature_repo.feast_import import import_feast
from strata.errors import DefinitionInvalid, StrataError


def load_definitions(repo: Path) -> list[Any]:
    """Every Feast object that `repo/repository.py` gathers, each once.

    Raises DefinitionInvalid, naming the file and the reason, when a definition cannot be read.
    """
    import_feast()
    path = repo / "repository.py"
    if not path.is_file():
        raise DefinitionInvalid(f"{repo} has no repository.py; it should gather the definitions to apply")
    from feature_repo.repository import KINDS

    module = _execute(path)
    found = {id(value): value for value in vars(module).values() if isinstance(value, KINDS)}
    return list(found.values())


def _execute(path: Path) -> ModuleType:
    name = f"strata_repository_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise DefinitionInvalid(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except StrataError:
        raise
    except Exception as error:
        raise DefinitionInvalid(f"{path}: {type(error).__name__}: {error}") from error
    finally:
        del sys.modules[name]
    return module
