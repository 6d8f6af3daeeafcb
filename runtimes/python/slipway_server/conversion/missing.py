"""Where a scikit-learn tree sends a missing value: its converter does not pass that on to the tree operator."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import ModelProto, helper

_TRACKS = "nodes_missing_value_tracks_true"


def with_missing(model: ModelProto, native: Any) -> ModelProto:
    """Adds the direction for missing values at each split to the graph of a tree, a forest, or a pipeline that ends in one; returns any other unchanged."""
    last = native.steps[-1][1] if hasattr(native, "steps") else native
    trees = [each.tree_ for each in _trees(last)]
    operators = [node for node in model.graph.node if node.op_type.startswith("TreeEnsemble")]
    if len(operators) == 1 and trees and all(hasattr(tree, "missing_go_to_left") for tree in trees):
        _route(operators[0], [np.asarray(tree.missing_go_to_left) for tree in trees])
    return model


def _trees(model: Any) -> list[Any]:
    if hasattr(model, "tree_"):
        return [model]
    found = np.asarray(getattr(model, "estimators_", []), dtype=object).ravel().tolist()
    return found if all(hasattr(each, "tree_") for each in found) else []


def _route(operator: Any, ways: list[np.ndarray]) -> None:
    """The operator identifies a split by the ids of its tree and node, and takes the left branch as true."""
    known = {each.name: each for each in operator.attribute}
    trees, nodes, modes = (list(getattr(known[f"nodes_{name}"], kind)) for name, kind in (("treeids", "ints"), ("nodeids", "ints"), ("modes", "strings")))
    if any(tree >= len(ways) or node >= len(ways[tree]) for tree, node in zip(trees, nodes)):
        return
    tracks = [int(ways[tree][node]) if mode != b"LEAF" else 0 for tree, node, mode in zip(trees, nodes, modes)]
    if _TRACKS in known:
        operator.attribute.remove(known[_TRACKS])
    operator.attribute.append(helper.make_attribute(_TRACKS, tracks))
