"""Converts scikit-learn's trees, forests and boosted trees, in place of skl2onnx's converters, which compute in FP32."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from .nodes import Nodes
from .trees import Tree, Trees, above, constant_tree, first_largest, label, probabilities, sums

_PLAIN = {
    "sklearn.tree": ("DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier", "ExtraTreeRegressor"),
    "sklearn.ensemble": ("RandomForestClassifier", "RandomForestRegressor", "ExtraTreesClassifier", "ExtraTreesRegressor"),
}
_BOOSTED = {
    "GradientBoosting": ("GradientBoostingClassifier", "GradientBoostingRegressor"),
    "HistGradientBoosting": ("HistGradientBoostingClassifier", "HistGradientBoostingRegressor"),
}


def register_sklearn_trees(register: Callable[[Any, Any], None]) -> None:
    """`register(estimator class, converter)`, for each class."""
    from importlib import import_module

    for module, names in _PLAIN.items():
        for name in names:
            register(getattr(import_module(module), name), _convert_plain)
    ensemble = import_module("sklearn.ensemble")
    for kind, convert in (("GradientBoosting", _convert_boosted), ("HistGradientBoosting", _convert_histogram)):
        for name in _BOOSTED[kind]:
            register(getattr(ensemble, name), convert)


def _convert_plain(nodes: Nodes, model: Any, rows: str, outputs: list[str]) -> None:
    """The trees' leaves are added up in their order and divided, as a forest does it; a single tree is a forest of one."""
    trees = [each.tree_ for each in getattr(model, "estimators_", [model])]
    is_classifier = hasattr(model, "classes_")
    if is_classifier and model.n_outputs_ > 1:
        raise ValueError("it has several labels, for which there is no conversion")
    values = [_leaf_values(tree, is_classifier) for tree in trees]
    targets = values[0].shape[1]
    expanded = [_tree(tree, value[:, target], target) for tree, value in zip(trees, values) for target in range(targets)]
    answer = sums(nodes, rows, Trees(expanded, targets, np.float32, np.float64))
    if hasattr(model, "estimators_"):
        answer = nodes.add("Div", answer, nodes.constant(len(trees), np.float64))
    if is_classifier:
        label(nodes, first_largest(nodes, answer), model.classes_, outputs[0])
    nodes.add("Identity", answer, out=outputs[-1])


def _leaf_values(tree: Any, is_classifier: bool) -> np.ndarray:
    """An array [nodes, targets]; for a classifier it has the share of each class. Up to scikit-learn 1.2 a leaf keeps counts, which are then divided by their sum."""
    values = np.asarray(tree.value, np.float64)
    values = values[:, 0, :] if is_classifier else values[:, :, 0]
    totals = values.sum(axis=1, keepdims=True)
    if is_classifier and not np.allclose(totals, 1, rtol=0, atol=1e-9):
        values = values / np.where(totals == 0, 1, totals)
    return values


def _tree(tree: Any, value: np.ndarray, target: int) -> Tree:
    left = np.asarray(tree.children_left)
    missing = getattr(tree, "missing_go_to_left", None)
    return Tree(
        np.asarray(tree.feature),
        np.asarray(tree.threshold),
        left,
        np.asarray(tree.children_right),
        np.zeros(len(left), bool) if missing is None else np.asarray(missing, bool),
        value,
        target,
    )


def _convert_boosted(nodes: Nodes, model: Any, rows: str, outputs: list[str]) -> None:
    if model.init is not None and model.init != "zero":
        raise ValueError("its boosting begins with another model, for which there is no conversion")
    begins = model._raw_predict_init(np.zeros((1, model.n_features_in_), np.float32))[0]
    trees = [constant_tree(float(value), target) for target, value in enumerate(begins)]
    for stage in model.estimators_:
        for target, each in enumerate(stage):
            trees.append(_tree(each.tree_, model.learning_rate * np.asarray(each.tree_.value[:, 0, 0]), target))
    scores = sums(nodes, rows, Trees(trees, len(begins), np.float32, np.float64))
    if not hasattr(model, "classes_"):
        nodes.add("Identity", scores, out=outputs[0])
    else:
        if model.loss not in ("log_loss", "deviance"):
            raise ValueError(f"its loss is {model.loss}, for which there is no conversion")
        _classified(nodes, model, scores, outputs, is_one_at_zero=True)


def _convert_histogram(nodes: Nodes, model: Any, rows: str, outputs: list[str]) -> None:
    begins = np.ravel(model._baseline_prediction).astype(np.float64)
    trees = [constant_tree(float(value), target) for target, value in enumerate(begins)]
    for stage in model._predictors:
        trees.extend(_histogram_tree(predictor.nodes, target) for target, predictor in enumerate(stage))
    scores = sums(nodes, rows, Trees(trees, len(begins), np.float64, np.float64))
    if hasattr(model, "classes_"):
        _classified(nodes, model, scores, outputs, is_one_at_zero=False)
    elif model.loss in ("poisson", "gamma"):
        nodes.add("Exp", scores, out=outputs[0])
    else:
        nodes.add("Identity", scores, out=outputs[0])


def _histogram_tree(found: np.ndarray, target: int) -> Tree:
    if "is_categorical" in (found.dtype.names or ()) and found["is_categorical"].any():
        raise ValueError("it has categories, for which there is no conversion")
    is_leaf = found["is_leaf"] == 1
    left, right = (np.where(is_leaf, -1, found[side].astype(np.int64)) for side in ("left", "right"))
    return Tree(
        found["feature_idx"].astype(np.int64), found["num_threshold"], left, right, found["missing_go_to_left"] == 1, found["value"], target
    )


def _classified(nodes: Nodes, model: Any, scores: str, outputs: list[str], *, is_one_at_zero: bool) -> None:
    is_binary = len(model.classes_) == 2
    index = above(nodes, scores, 0, or_equal=is_one_at_zero) if is_binary else first_largest(nodes, scores)
    label(nodes, index, model.classes_, outputs[0])
    probabilities(nodes, scores, "sigmoid" if is_binary else "softmax", out=outputs[1])
