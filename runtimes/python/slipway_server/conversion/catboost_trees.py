"""Converts CatBoost's trees, which it compares in FP32 and adds in FP64."""

from __future__ import annotations

import json
import os
import tempfile
from typing import Any

import numpy as np

from .nodes import Nodes
from .trees import Tree, Trees, first_largest, label, probabilities, sums


def answer(nodes: Nodes, model: Any, rows: str, is_exponent: bool, outputs: list[str]) -> None:
    """Converts a model to its label and probabilities, or to its prediction where it has no classes. `is_exponent`: the prediction is the exponential of the trees' sum."""
    scores, targets = _scores(nodes, model, rows)
    if len(outputs) == 1:
        nodes.add("Exp" if is_exponent else "Identity", scores, out=outputs[0])
        return
    loss = str(model.get_all_params().get("loss_function", ""))
    link = {"Logloss": "sigmoid", "MultiClass": "softmax"}.get(loss)
    if link is None or (link == "sigmoid" and targets > 1):
        raise ValueError(f"its loss is {loss}, for which there is no conversion")
    likely = probabilities(nodes, scores, link, out=outputs[1])
    label(nodes, first_largest(nodes, likely), model.classes_, outputs[0])


def _scores(nodes: Nodes, model: Any, rows: str) -> tuple[str, int]:
    found = _read(model)
    if "oblivious_trees" not in found:
        raise ValueError("its trees are not symmetric, for which alone there is a conversion")
    scale, bias = found["scale_and_bias"]
    biases = np.ravel(bias).astype(np.float64)
    features = {each["feature_index"]: each for each in found["features_info"]["float_features"]}
    targets = len(found["oblivious_trees"][0]["leaf_values"]) // 2 ** len(found["oblivious_trees"][0]["splits"])
    trees = [_tree(tree, features, target, targets) for tree in found["oblivious_trees"] for target in range(targets)]
    total = sums(nodes, rows, Trees(trees, targets, np.float32, np.float64, takes_infinite=True))
    scaled = nodes.add("Mul", total, nodes.constant(scale, np.float64))
    return nodes.add("Add", scaled, nodes.constant(biases if len(biases) else [0.0], np.float64)), targets


def _read(model: Any) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.json")
        model.save_model(path, format="json")
        with open(path, encoding="utf-8") as file:
            found: dict[str, Any] = json.load(file)
    return found


def _tree(tree: dict[str, Any], features: dict[int, dict[str, Any]], target: int, targets: int) -> Tree:
    """All nodes of a level make the same comparison: the bit of the level in the number of a leaf is 1 where a value is above the border."""
    splits = tree["splits"]
    if any(split["split_type"] != "FloatFeature" for split in splits):
        raise ValueError("it has categories, for which there is no conversion")
    levels = np.repeat(np.arange(len(splits)), 2 ** np.arange(len(splits)))
    inner = len(levels)
    paths = np.arange(inner) - (2**levels - 1)
    below = 2 ** (levels + 1) - 1 + paths
    none = np.full(2 ** len(splits), -1)
    asked = [features[split["float_feature_index"]] for split in splits]
    columns = np.array([each["flat_feature_index"] for each in asked], np.int64)
    borders = np.array([split["border"] for split in splits], np.float32)
    lefts = np.array([each["nan_value_treatment"] != "AsTrue" for each in asked], bool)
    values = np.array(tree["leaf_values"], np.float64).reshape(-1, targets)[:, target]
    return Tree(
        np.concatenate([columns[levels], 0 * none]),
        np.concatenate([borders[levels], 0.0 * none]),
        np.concatenate([below, none]),
        np.concatenate([below + 2**levels, none]),
        np.concatenate([lefts[levels], none > 0]),
        np.concatenate([np.zeros(inner), values]),
        target,
    )
