"""Converts scikit-learn's preparation steps whose own converters compute in FP32, or do not work in FP64."""

from __future__ import annotations

from itertools import chain
from typing import Any, Callable, NamedTuple

import numpy as np
from onnx import TensorProto

from .missing_texts import texts_of
from .nodes import ML, Nodes

# The name of a node that fails on an unknown category begins with it: guard.py.
UNKNOWN = "slipway_unknown"


class Column(NamedTuple):
    """A value of the graph, [rows, 1], and its element type."""

    name: str
    kind: int


def register_preparation(register: Callable[[Any, Any, Any], None]) -> None:
    """`register(estimator class, converter, width of its output)`, for each class."""
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, QuantileTransformer

    register(SimpleImputer, _impute, lambda model: len(_kept(model)) + (len(model.indicator_.features_) if model.add_indicator else 0))
    register(PolynomialFeatures, _multiply, lambda model: len(model.powers_))
    register(QuantileTransformer, _refuse_quantiles, lambda model: model.n_features_in_)
    register(OneHotEncoder, _encode, lambda model: sum(len(known) - (dropped is not None) for known, dropped in _categories(model)))


def _refuse_quantiles(*_: Any) -> None:
    # skl2onnx takes minutes for the usual 1,000 quantiles.
    raise ValueError("it has a step of quantiles, for which there is no conversion")


def _matrix(nodes: Nodes, columns: list[Column]) -> str:
    if any(column.kind == TensorProto.STRING for column in columns):
        raise ValueError("it prepares texts in a way for which there is no conversion")
    return nodes.add("Concat", *(nodes.cast(column.name, TensorProto.DOUBLE) for column in columns), axis=1)


def _impute(nodes: Nodes, model: Any, columns: list[Column], out: str) -> None:
    if not _is_nan(model.missing_values):
        raise ValueError(f"it takes {model.missing_values} for missing, for which there is no conversion")
    rows, kept = _matrix(nodes, columns), _kept(model)
    is_missing = nodes.add("IsNaN", rows)
    filled = nodes.add("Where", is_missing, nodes.constant(np.nan_to_num(_statistics(model)), np.float64), rows)
    parts = [nodes.add("Gather", filled, nodes.constant(kept, np.int64), axis=1)]
    if model.add_indicator:
        flags = nodes.add("Gather", is_missing, nodes.constant(model.indicator_.features_, np.int64), axis=1)
        parts.append(nodes.cast(flags, TensorProto.DOUBLE))
    nodes.add("Concat", *parts, axis=1, out=out)


def _statistics(model: Any) -> np.ndarray:
    if any(isinstance(each, str) for each in np.asarray(model.statistics_).tolist()):
        raise ValueError("it imputes texts, for which there is no conversion")
    return np.asarray(model.statistics_, np.float64)


def _kept(model: Any) -> np.ndarray:
    """A column without any value in training is left out, unless it is kept as empty."""
    return np.flatnonzero(~np.isnan(_statistics(model)) | bool(getattr(model, "keep_empty_features", False)))


def _multiply(nodes: Nodes, model: Any, columns: list[Column], out: str) -> None:
    """Multiplies in scikit-learn's order: the last of a term's factors first."""
    rows = _matrix(nodes, columns)
    one = nodes.add("Add", nodes.add("Mul", nodes.add("Gather", rows, nodes.constant([0], np.int64), axis=1), nodes.constant(0, np.float64)), nodes.constant(1, np.float64))
    factors = nodes.add("Concat", rows, one, axis=1)
    terms = [list(chain.from_iterable([feature] * power for feature, power in enumerate(powers)))[::-1] for powers in model.powers_]
    most = max(map(len, terms), default=0)
    places = np.array([term + [len(columns)] * (most - len(term)) for term in terms], np.int64).reshape(len(terms), most)
    if most == 0:
        raise ValueError("it makes no term of a column, for which there is no conversion")
    product = nodes.add("Gather", factors, nodes.constant(places[:, 0], np.int64), axis=1)
    for place in range(1, most):
        product = nodes.add("Mul", product, nodes.add("Gather", factors, nodes.constant(places[:, place], np.int64), axis=1))
    nodes.add("Identity", product, out=out)


def _encode(nodes: Nodes, model: Any, columns: list[Column], out: str) -> None:
    is_strict = model.handle_unknown == "error"
    if getattr(model, "_infrequent_enabled", False):
        raise ValueError("it joins categories that are infrequent, for which there is no conversion")
    parts = [_one_hot(nodes, column, known, is_strict, dropped) for column, (known, dropped) in zip(columns, _categories(model))]
    nodes.add("Concat", *parts, axis=1, out=out)


def _categories(model: Any) -> list[tuple[np.ndarray, int | None]]:
    """The categories that the encoder knows for each column, and the place of the category without an output column."""
    dropped = getattr(model, "drop_idx_", None)
    return list(zip(model.categories_, [None] * len(model.categories_) if dropped is None else dropped))


def _one_hot(nodes: Nodes, column: Column, known: np.ndarray, is_strict: bool, dropped: int | None) -> str:
    if column.kind == TensorProto.STRING:
        texts = texts_of(known.tolist())
        encoded = nodes.add("OneHotEncoder", column.name, domain=ML, cats_strings=texts, zeros=0 if is_strict else 1)
        flags = nodes.add("Reshape", nodes.cast(encoded, TensorProto.DOUBLE), nodes.constant([-1, len(known)], np.int64))
    else:
        flags = _same(nodes, column, known)
        if is_strict:
            flags = nodes.add("Add", flags, _refused(nodes, flags))
    if dropped is None:
        return flags
    return nodes.add("Gather", flags, nodes.constant(np.delete(np.arange(len(known)), dropped), np.int64), axis=1)


def _same(nodes: Nodes, column: Column, known: np.ndarray) -> str:
    """1 for the category that a number is, in FP64 or in INT64, and 0 for the others."""
    written = [each.item() if isinstance(each, np.generic) else each for each in known.tolist()]
    if not all(isinstance(each, (bool, int, float)) for each in written):
        raise ValueError("a column of numbers has categories that are not numbers, which cannot be converted")
    is_whole = column.kind == TensorProto.INT64
    numbers = np.array(written, np.int64 if is_whole else np.float64)
    # Python compares a whole number with a float by all their digits.
    if any(number != each and each == each for number, each in zip(numbers.tolist(), written)):
        raise ValueError("it has categories that its columns of numbers cannot tell apart, for which there is no conversion")
    value = column.name if is_whole else nodes.cast(column.name, TensorProto.DOUBLE)
    equal = nodes.add("Equal", value, nodes.constant(numbers.reshape(1, -1), numbers.dtype))
    if np.isnan(numbers).any():
        equal = nodes.add("Or", equal, nodes.add("And", nodes.add("IsNaN", value), nodes.constant(np.isnan(numbers).reshape(1, -1), bool)))
    return nodes.cast(equal, TensorProto.DOUBLE)


def _refused(nodes: Nodes, flags: str) -> str:
    """0, by a node that fails where a row has no category: Gather does, beyond its data."""
    matched = nodes.add("ReduceMax", flags, axes=[1], keepdims=0)
    unknown = nodes.add("Sub", nodes.constant(1, np.float64), matched)
    count = nodes.add("ReduceSum", nodes.cast(unknown, TensorProto.INT64), keepdims=0)
    zero = nodes.add("Gather", nodes.constant([0.0], np.float64), count)
    nodes.nodes[-1].name = f"{UNKNOWN}_{nodes.prefix}_{len(nodes.nodes)}"
    return zero


def _is_nan(value: Any) -> bool:
    return isinstance(value, (float, np.floating)) and bool(np.isnan(value))
