"""A package's model as every runtime that can score it here, and why the others cannot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from strata.errors import StrataError
from strata.runtime.booster import Booster
from strata.runtime.choice.document import Runtime
from strata.runtime.choice.engines import FILES, candidates, engine, trees_of
from strata.runtime.model import Model
from strata.runtime.package import Package
from strata.runtime.prepared import PreparedModel
from strata.runtime.tree_text import read_tree_text
from training.tune.compile_trees import compile_trees
from training.tune.export_onnx import export_onnx


def make_engines(
    package: Package, source: Path, folder: Path, tell: Callable[[str], None]
) -> tuple[dict[Runtime, Model], dict[str, str]]:
    """Runtime -> the model as it scores it, the usual one first; and runtime -> why it is left out.

    `source`: the package's folder; what runtimes load is written to `folder`.
    """
    engines: dict[Runtime, Model] = {}
    left_out: dict[str, str] = {}
    for runtime in candidates(package.model):
        tell(f"making {runtime} ready")
        try:
            _make_file(package, runtime, source, folder)
            engines[runtime] = engine(package.model, runtime, folder)
        except (StrataError, ImportError) as error:
            left_out[runtime] = str(error)
    return engines, left_out


def _make_file(package: Package, runtime: Runtime, source: Path, folder: Path) -> None:
    """Nothing of a model that is not of trees: `engine` says so."""
    trees = trees_of(package.model)
    if trees is None or runtime not in FILES:
        return
    document = package.manifest.model
    text = source / document.get("model", document)["file"]
    if runtime == "lleaves":
        compile_trees(text, folder / FILES[runtime])
        return
    assert isinstance(trees.booster, Booster)
    export_onnx(
        read_tree_text(text.read_text(encoding="ascii"), _width(package), trees.booster.classes),
        folder / FILES[runtime],
    )


def _width(package: Package) -> int:
    """Of the rows that trees read."""
    model = package.model
    return len(model.preparation.select) if isinstance(model, PreparedModel) else len(package.defaults)
