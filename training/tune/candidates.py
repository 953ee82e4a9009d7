"""A package's model as every runtime that can score it here, and why the others cannot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from strata.errors import StrataError
from strata.runtime.boosted import MODEL_FILE
from strata.runtime.choice.document import Runtime
from strata.runtime.choice.engines import FILES, candidates, engine
from strata.runtime.model import Model
from strata.runtime.package import Package
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
    if runtime == "lleaves":
        compile_trees(source / MODEL_FILE, folder / FILES[runtime])
    if runtime == "onnxruntime":
        text = (source / MODEL_FILE).read_text(encoding="ascii")
        export_onnx(read_tree_text(text, len(package.defaults), _outputs(text)), folder / FILES[runtime])


def _outputs(text: str) -> int:
    head = text.partition("\n\n")[0]
    return int(next(line for line in head.splitlines() if line.startswith("num_tree_per_iteration=")).partition("=")[2])
