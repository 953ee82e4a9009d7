"""A forest as one TreeEnsembleRegressor (ai.onnx.ml 3), thresholds and leaves in double precision."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from strata.errors import InputInvalid
from strata.runtime.choice.onnx_trees import INPUT
from strata.runtime.tree_text import Forest, Tree

OPSETS: Final = (("", 17), ("ai.onnx.ml", 3))
IR_VERSION: Final = 8


def export_onnx(forest: Forest, target: Path) -> None:
    """Write it. Raises InputInvalid where a tree takes zeros for missing values: ONNX knows NaN alone."""
    from onnx import TensorProto, checker, helper, save

    if any(tree.zero_is_missing for tree in forest.trees):
        raise InputInvalid("ONNX has no trees that take zeros for missing values")
    ensemble = helper.make_node(
        "TreeEnsembleRegressor", [INPUT], ["sums"], domain="ai.onnx.ml", n_targets=forest.classes,
        aggregate_function="SUM", post_transform="NONE", **_attributes(forest),
    )  # fmt: skip
    graph = helper.make_graph(
        [ensemble],
        "forest",
        [helper.make_tensor_value_info(INPUT, TensorProto.DOUBLE, [None, forest.features])],
        [helper.make_tensor_value_info("sums", TensorProto.FLOAT, [None, forest.classes])],
    )
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
    checker.check_model(model)
    save(model, str(target))


def _attributes(forest: Forest) -> dict[str, Any]:
    from onnx import TensorProto, helper

    nodes: dict[str, list[Any]] = {name: [] for name in _NODE}
    leaves: dict[str, list[Any]] = {name: [] for name in ("treeids", "nodeids", "ids", "weights")}
    for number, tree in enumerate(forest.trees):
        _add_splits(nodes, number, tree)
        _add_leaves(nodes, leaves, number, tree, number % forest.classes)
    doubles = {"nodes_values": nodes.pop("values"), "target_weights": leaves.pop("weights")}
    found: dict[str, Any] = {f"nodes_{name}": values for name, values in nodes.items()}
    found |= {f"target_{name}": values for name, values in leaves.items()}
    for name, values in doubles.items():
        found[f"{name}_as_tensor"] = helper.make_tensor(name, TensorProto.DOUBLE, [len(values)], values)
    return found


_NODE: Final = (
    "treeids", "nodeids", "featureids", "modes", "values", "truenodeids", "falsenodeids", "missing_value_tracks_true",
)  # fmt: skip


def _add_splits(nodes: dict[str, list[Any]], number: int, tree: Tree) -> None:
    count = len(tree.threshold)
    nodes["treeids"] += [number] * count
    nodes["nodeids"] += range(count)
    nodes["featureids"] += tree.feature.tolist()
    nodes["modes"] += ["BRANCH_LEQ"] * count
    nodes["values"] += tree.cuts.tolist()
    nodes["truenodeids"] += _places(tree.left, count)
    nodes["falsenodeids"] += _places(tree.right, count)
    nodes["missing_value_tracks_true"] += tree.missing_left.astype(int).tolist()


def _add_leaves(
    nodes: dict[str, list[Any]], leaves: dict[str, list[Any]], number: int, tree: Tree, target: int
) -> None:
    first, count = len(tree.threshold), len(tree.leaf)
    places = range(first, first + count)
    nodes["treeids"] += [number] * count
    nodes["nodeids"] += places
    nodes["modes"] += ["LEAF"] * count
    nodes["values"] += [0.0] * count
    for name in ("featureids", "truenodeids", "falsenodeids", "missing_value_tracks_true"):
        nodes[name] += [0] * count
    leaves["treeids"] += [number] * count
    leaves["nodeids"] += places
    leaves["ids"] += [target] * count
    leaves["weights"] += tree.leaf.tolist()


def _places(children: Any, splits: int) -> list[int]:
    """A child is a later split, or ~leaf; leaves are placed behind the splits."""
    found: list[int] = np.where(children >= 0, children, splits + ~children).tolist()
    return found
