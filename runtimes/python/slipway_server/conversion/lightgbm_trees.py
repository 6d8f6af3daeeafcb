"""Converts LightGBM's trees, which it compares and adds in FP64."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .nodes import Nodes
from .trees import Tree, Trees, above, first_largest, label, probabilities, sigmoid, sums

# The bits of `decision_type` in its text: https://github.com/microsoft/LightGBM/blob/master/include/LightGBM/tree.h
_CATEGORICAL, _DEFAULT_LEFT, _MISSING = 1, 2, 2
_NO_MISSING, _ZERO_MISSING = 0, 1
# Numbers this near to zero count as zero.
_ZERO = float(np.float32(1e-35))
_EXP = ("poisson", "gamma", "tweedie")
_PLAIN = ("regression", "regression_l2", "regression_l1", "huber", "fair", "quantile", "mape", "lambdarank", "rank_xendcg")


class _Text(NamedTuple):
    settings: dict[str, str]
    trees: list[dict[str, str]]


def answer_rows(nodes: Nodes, booster: Any, rows: str) -> tuple[str, str, int]:
    """The booster's answers in FP64, [rows, targets], which are the probability of the second class where there are two; its objective, and its number of targets."""
    settings, trees = _read(booster.model_to_string())
    targets = int(settings["num_tree_per_iteration"])
    found = [_tree(tree, index % targets) for index, tree in enumerate(trees)]
    zeros = {int(feature) for tree, each in zip(trees, found) for feature in _zero_missing(tree, each)}
    given = _with_zeros(nodes, rows, sorted(zeros), int(settings["max_feature_idx"]) + 1)
    scores = sums(nodes, given, Trees(found, targets, np.float64, np.float64))
    if "average_output" in settings:
        scores = nodes.add("Div", scores, nodes.constant(len(found) // targets, np.float64))
    return (*_linked(nodes, settings.get("objective", "").split(), scores), targets)


def classified(nodes: Nodes, booster: Any, rows: str, classes: Any, outputs: list[str]) -> None:
    """A classifier's label and probabilities; `classes` is None where a label is the number of its class."""
    likely, objective, targets = answer_rows(nodes, booster, rows)
    classes = range(max(2, targets)) if classes is None else classes
    if objective in ("multiclass", "multiclassova"):
        index = first_largest(nodes, likely)
        nodes.add("Identity", likely, out=outputs[1])
    elif objective in ("binary", "cross_entropy"):
        index = above(nodes, likely, 0.5)
        nodes.add("Concat", nodes.add("Sub", nodes.constant(1, np.float64), likely), likely, axis=1, out=outputs[1])
    else:
        raise ValueError(f"its objective is {objective}, for which there is no conversion to labels")
    label(nodes, index, classes, outputs[0])


def _linked(nodes: Nodes, objective: list[str], scores: str) -> tuple[str, str]:
    name, *options = objective or ["none"]
    said = dict(option.split(":", 1) for option in options if ":" in option)
    if name in ("binary", "multiclassova", "cross_entropy", "xentropy"):
        slope = nodes.constant(float(said.get("sigmoid", 1)), np.float64)
        return sigmoid(nodes, nodes.add("Mul", slope, scores)), name
    if name == "multiclass":
        return probabilities(nodes, scores, "softmax"), name
    if name in _EXP:
        return nodes.add("Exp", scores), name
    if name in _PLAIN and not options:
        return scores, name
    raise ValueError(f"its objective is {' '.join(objective) or 'its own'}, for which there is no conversion")


def _read(text: str) -> _Text:
    """Lines of `name=values`: those of the model, and those of each tree after its `Tree=` line."""
    head, *trees = text.partition("end of trees")[0].split("\nTree=")
    return _Text(_fields(head), [_fields(f"Tree={tree}") for tree in trees])


def _fields(text: str) -> dict[str, str]:
    return {name: value for name, _, value in (line.partition("=") for line in text.splitlines()) if name}


def _tree(fields: dict[str, str], target: int) -> Tree:
    """The tree's splits come first and its leaves after them. LightGBM numbers leaves separately: a child below 0 is the leaf ~child."""
    if fields.get("is_linear", "0") != "0":
        raise ValueError("its leaves are linear models, for which there is no conversion")
    leaves = _numbers(fields, "leaf_value", float)
    count = len(leaves) - 1
    kinds = _numbers(fields, "decision_type", int)[:count]
    if (kinds & _CATEGORICAL).any():
        raise ValueError("it has categories, for which there is no conversion")
    none = np.full(len(leaves), -1)
    left, right = (_numbers(fields, f"{side}_child", int)[:count] for side in ("left", "right"))
    splits = _numbers(fields, "threshold", float)[:count]
    goes_left = np.where(kinds >> _MISSING == _NO_MISSING, splits >= 0, kinds & _DEFAULT_LEFT != 0)
    return Tree(
        np.concatenate([_numbers(fields, "split_feature", int)[:count], 0 * none]),
        np.concatenate([splits, 0.0 * none]),
        np.concatenate([np.where(left < 0, count + ~left, left), none]),
        np.concatenate([np.where(right < 0, count + ~right, right), none]),
        np.concatenate([goes_left, none > 0]),
        np.concatenate([np.zeros(count), leaves]),
        target,
    )


def _numbers(fields: dict[str, str], name: str, kind: Any) -> np.ndarray:
    return np.array([kind(each) for each in fields.get(name, "").split()], kind)


def _zero_missing(fields: dict[str, str], tree: Tree) -> np.ndarray:
    """The features of the splits that treat zero as missing."""
    kinds = _numbers(fields, "decision_type", int)
    return tree.feature[: len(kinds)][kinds >> _MISSING == _ZERO_MISSING]


def _with_zeros(nodes: Nodes, rows: str, missing: list[int], width: int) -> str:
    """The rows with 0 for values this near to 0, as LightGBM reads a row, and with a missing value in the features that treat 0 as missing."""
    zeros = np.zeros(width)
    zeros[missing] = np.nan
    is_zero = nodes.add("LessOrEqual", nodes.add("Abs", rows), nodes.constant(_ZERO, np.float64))
    return nodes.add("Where", is_zero, nodes.constant(zeros, np.float64), rows)
