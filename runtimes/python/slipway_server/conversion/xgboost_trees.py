"""Converts XGBoost's trees, which it compares and adds in FP32."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from onnx import TensorProto

from .nodes import Nodes
from .trees import BELOW, FP32, Tree, Trees, above, constant_tree, first_largest, label, probabilities, sigmoid, sums

_SIGMOID = ("binary:logistic", "reg:logistic")
_SOFTMAX = ("multi:softprob", "multi:softmax")
_EXP = ("count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft")
_PLAIN = (
    "reg:squarederror", "reg:linear", "reg:squaredlogerror", "reg:pseudohubererror", "reg:absoluteerror", "reg:quantileerror",
    "binary:logitraw", "rank:pairwise", "rank:ndcg", "rank:map",
)  # fmt: skip


def answer_rows(nodes: Nodes, booster: Any, rows: str, rounds: int) -> tuple[str, str, int]:
    """The booster's answers, which are FP32 numbers, as FP64, [rows, targets]; its objective, and its number of targets. `rounds`: 0 means all."""
    learner = json.loads(booster.save_raw("json"))["learner"]
    objective = learner["objective"]["name"]
    trees, targets = _trees(learner, rounds)
    margins = nodes.cast(sums(nodes, rows, Trees(trees, targets, np.float32, np.float32, BELOW)), TensorProto.DOUBLE)
    return _rounded(nodes, _linked(nodes, objective, margins, targets)), objective, targets


def _linked(nodes: Nodes, objective: str, margins: str, targets: int) -> str:
    if objective in _SIGMOID:
        return sigmoid(nodes, margins)
    if objective in _SOFTMAX and targets > 1:
        return probabilities(nodes, margins, "softmax")
    if objective in _EXP:
        return nodes.add("Exp", margins)
    if objective in _PLAIN:
        return margins
    raise ValueError(f"its objective is {objective}, for which there is no conversion")


def _rounded(nodes: Nodes, values: str) -> str:
    return nodes.cast(nodes.cast(values, TensorProto.FLOAT, out=f"{FP32}_{nodes.prefix}_answers"), TensorProto.DOUBLE)


def classified(nodes: Nodes, booster: Any, rows: str, rounds: int, classes: Any, outputs: list[str]) -> None:
    """A classifier's label and probabilities; `classes` is None where a label is the number of its class."""
    likely, objective, targets = answer_rows(nodes, booster, rows, rounds)
    classes = range(max(2, targets)) if classes is None else classes
    if objective in _SOFTMAX:
        label(nodes, first_largest(nodes, likely), classes, outputs[0])
        nodes.add("Identity", likely, out=outputs[1])
    elif objective == "binary:logistic" and targets == 1:
        label(nodes, above(nodes, likely, 0.5), classes, outputs[0])
        # The server rounds it to FP32, as XGBoost does.
        other = nodes.add("Sub", nodes.constant(1, np.float64), likely)
        nodes.add("Concat", other, likely, axis=1, out=outputs[1])
    else:
        raise ValueError(f"its objective is {objective} with {targets} targets, for which there is no conversion to labels")


def _trees(learner: dict[str, Any], rounds: int) -> tuple[list[Tree], int]:
    """The base score comes first, as in XGBoost's sum."""
    booster, settings = learner["gradient_booster"], learner["learner_model_param"]
    if booster.get("name", "gbtree") != "gbtree":
        raise ValueError(f"it is a {booster['name']} and not of plain trees, for which alone there is a conversion")
    model = booster["model"]
    targets = max(1, int(settings["num_class"]), int(settings.get("num_target", "1")))
    used = rounds * max(1, int(model["gbtree_model_param"].get("num_parallel_tree", "1"))) * targets if rounds else len(model["trees"])
    begins = _margins(learner["objective"]["name"], settings["base_score"], targets)
    trees = [constant_tree(value, target) for target, value in enumerate(begins)]
    return trees + [_tree(tree, group) for tree, group in list(zip(model["trees"], model["tree_info"]))[:used]], targets


def _margins(objective: str, written: str, targets: int) -> list[float]:
    scores = np.array([float(each) for each in written.strip("[]").split(",")], np.float32)
    one = np.float32(1)
    if objective in ("binary:logistic", "reg:logistic", "binary:logitraw"):
        scores = -np.log(one / scores - one)
    elif objective in _EXP:
        scores = np.log(scores)
    return np.broadcast_to(scores, (targets,)).astype(float).tolist()


def _tree(tree: dict[str, Any], target: int) -> Tree:
    if int(tree["tree_param"].get("size_leaf_vector", "1")) > 1:
        raise ValueError("its leaves have several values each, for which there is no conversion")
    if any(tree.get("split_type", [])):
        raise ValueError("it has categories, for which there is no conversion")
    left, conditions = np.array(tree["left_children"]), np.array(tree["split_conditions"], np.float32)
    return Tree(
        np.array(tree["split_indices"]), conditions, left, np.array(tree["right_children"]), np.array(tree["default_left"], bool), conditions, target
    )
