"""Converts scikit-learn's linear classifiers: they decide by their scores, even where their probabilities are all 1 or 0."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from .nodes import Nodes
from .trees import above, finite, first_largest, label, probabilities, sigmoid

_SCORED = ("LogisticRegression", "LogisticRegressionCV", "Perceptron", "PassiveAggressiveClassifier", "RidgeClassifier", "RidgeClassifierCV", "SGDClassifier")


def register_linear(register: Callable[[Any, Any], None]) -> None:
    """`register(estimator class, converter)`, for each class."""
    from sklearn import linear_model, multiclass, svm

    for name in _SCORED:
        if hasattr(linear_model, name):
            register(getattr(linear_model, name), _convert)
    register(svm.LinearSVC, _convert)
    register(multiclass.OneVsRestClassifier, _convert_one_vs_rest)


def _convert(nodes: Nodes, model: Any, rows: str, outputs: list[str]) -> None:
    coefficients, intercept = np.atleast_2d(model.coef_), np.ravel(model.intercept_)
    if np.ndim(model.classes_[0]) > 0 or len(coefficients) not in (len(model.classes_), len(model.classes_) - 1):
        raise ValueError("it has several labels, for which there is no conversion")
    scores = _scores(nodes, rows, coefficients, intercept)
    is_binary = len(coefficients) == 1
    label(nodes, above(nodes, scores, 0) if is_binary else first_largest(nodes, scores), model.classes_, outputs[0])
    if not _has_probabilities(model):
        # Nothing uses this output.
        nodes.add("Identity", scores, out=outputs[1])
    elif _is_softmax(model):
        both = nodes.add("Concat", nodes.add("Neg", scores), scores, axis=1) if is_binary else scores
        probabilities(nodes, both, "softmax", out=outputs[1])
    elif is_binary:
        probabilities(nodes, scores, "sigmoid", out=outputs[1])
    else:
        _normalized(nodes, sigmoid(nodes, scores), outputs[1])


def _convert_one_vs_rest(nodes: Nodes, model: Any, rows: str, outputs: list[str]) -> None:
    """Where scores are equal, the last of their classes wins, as in scikit-learn."""
    parts = model.estimators_
    if model.multilabel_ or not all(type(part).__name__ in (*_SCORED, "LinearSVC") and np.shape(part.coef_)[0] == 1 for part in parts):
        raise ValueError("it decides between models for which there is no conversion")
    scores = _scores(nodes, rows, np.concatenate([part.coef_ for part in parts]), np.concatenate([np.ravel(part.intercept_) for part in parts]))
    if len(parts) == 1:
        index = above(nodes, scores, 0)
    else:
        index = nodes.add("ArgMax", scores, axis=1, keepdims=0, select_last_index=1)
    label(nodes, index, model.classes_, outputs[0])
    if not all(map(_has_probabilities, parts)):
        nodes.add("Identity", scores, out=outputs[1])
    elif any(map(_is_softmax, parts)):
        raise ValueError("it decides between models for which there is no conversion")
    elif len(parts) == 1:
        probabilities(nodes, scores, "sigmoid", out=outputs[1])
    else:
        _normalized(nodes, sigmoid(nodes, scores), outputs[1])


def _scores(nodes: Nodes, rows: str, coefficients: np.ndarray, intercept: np.ndarray) -> str:
    """The scores in FP64, [rows, classes]; for two classes [rows, 1]."""
    products = nodes.add("MatMul", finite(nodes, rows), nodes.constant(coefficients.T, np.float64))
    return nodes.add("Add", products, nodes.constant(np.broadcast_to(intercept, (len(coefficients),)), np.float64))


def _has_probabilities(model: Any) -> bool:
    from ..model import answers

    return answers(model, "predict_proba")


def _is_softmax(model: Any) -> bool:
    """Whether the model's probabilities are a softmax of the scores, or compare each class with the others. Raises ValueError for any other."""
    if type(model).__name__ == "SGDClassifier":
        if model.loss != "log_loss":
            raise ValueError(f"its loss is {model.loss}, for which there is no conversion")
        return False
    kind = getattr(model, "multi_class", "deprecated")
    return not (kind in ("ovr", "warn") or (kind in ("auto", "deprecated") and (len(model.classes_) <= 2 or model.solver == "liblinear")))


def _normalized(nodes: Nodes, likely: str, out: str) -> None:
    total = nodes.add("ReduceSum", likely, nodes.constant([1], np.int64), keepdims=1)
    nodes.add("Div", likely, total, out=out)
