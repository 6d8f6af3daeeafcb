from __future__ import annotations

from typing import Any, Iterable, Iterator

import numpy as np

from ..adapters.columns import categories_of, chosen_of, cuts_texts, learned_by_place, learned_of, parts_given, whole_type
from ..adapters.estimator import estimator_model
from ..config import Facts
from ..conversion.native import CATEGORIES, OPSET, Conversion, width_of
from ..frameworks import NAMES, framework
from ..loading.allowlist import Allowlist
from ..loading.pickles import unpickle
from ..model import Model, answers
from ..values.tensors import TensorSpec

PLATFORM = "sklearn_pickle"
AHEAD = ("pandas", "sklearn.compose", "sklearn.ensemble", "sklearn.linear_model", "sklearn.pipeline")
REFUSES_UNKNOWN = False


def load(path: str, facts: Facts) -> Model:
    """A pickle or a joblib dump, which mostly is a pickle except for its arrays and its compression."""
    return estimator_model(unpickle(path, Allowlist(facts.allowed)), facts)


def own_model(_value: Any, _facts: Facts) -> None:
    return None


def names(part: Any) -> Iterable[Any]:
    return getattr(part, "feature_names_in_", ())


def categories(_part: Any) -> dict[str, np.ndarray]:
    """The estimator itself has none: encoders are separate parts, whose categories are found by their attributes."""
    return {}


def thresholds(model: Any, width: int) -> Iterator[tuple[int, float]]:
    yield from _trees(model)
    yield from _ranges(model, width)


def _trees(model: Any) -> Iterator[tuple[int, float]]:
    for tree in _flat(getattr(model, "estimators_", [])):
        yield from _splits(tree)
    yield from _splits(model)
    for stage in getattr(model, "_predictors", []):
        for predictor in stage:
            inner = predictor.nodes[predictor.nodes["is_leaf"] == 0]
            yield from zip(inner["feature_idx"].tolist(), inner["num_threshold"].tolist())


def _splits(model: Any) -> Iterator[tuple[int, float]]:
    """Neighbours and densities keep a tree of another kind, under the same name."""
    tree = getattr(model, "tree_", None)
    if hasattr(tree, "threshold"):
        yield from zip(tree.feature.tolist(), tree.threshold.tolist())


def _ranges(model: Any, width: int) -> Iterator[tuple[int, float]]:
    """The statistics or rows that scalers, imputers, clusters, neighbours and linear models keep, or the values at which their decision turns."""
    for name in ("mean_", "statistics_", "center_", "data_min_", "data_max_"):
        values = getattr(model, name, None)
        if isinstance(values, np.ndarray) and values.shape == (width,) and values.dtype.kind == "f":
            spread = getattr(model, "scale_", None)
            steps = spread if isinstance(spread, np.ndarray) and name in ("mean_", "center_") else np.zeros(width)
            for factor in (-2.0, -0.5, 0.0, 0.5, 2.0):
                yield from enumerate((values + factor * steps).tolist())
    for name in ("cluster_centers_", "support_vectors_", "_fit_X", "X_train_", "X_fit_", "theta_", "means_", "quantiles_"):
        # A Gaussian process that classifies keeps its rows a level deeper.
        rows = getattr(model, name, getattr(getattr(model, "base_estimator_", None), name, None))
        if isinstance(rows, np.ndarray) and rows.ndim == 2 and rows.shape[1] == width:
            for row in rows[:200]:
                yield from enumerate(row.tolist())
    for feature, edges in enumerate(getattr(model, "bin_edges_", ())):
        yield from ((feature, edge) for edge in np.asarray(edges).tolist())
    coefficients = getattr(model, "coef_", None)
    if isinstance(coefficients, np.ndarray) and coefficients.shape[-1] == width:
        # Far enough for each feature alone to move a score by four.
        reach = 4 / np.maximum(np.abs(np.atleast_2d(coefficients)).max(axis=0), 1e-3)
        for factor in (-1.0, -0.3, 0.0, 0.3, 1.0):
            yield from enumerate((factor * reach).tolist())


def _flat(trees: Any) -> list[Any]:
    return list(np.asarray(trees, dtype=object).ravel()) if len(trees) > 0 else []


def conversions(model: Model) -> Iterator[Conversion]:
    if answers(model.native, "predict") or answers(model.native, "transform"):
        yield "FP64", lambda: _converted(model.native, model)


def _converted(native: Any, model: Model) -> Any:
    from skl2onnx import to_onnx

    from ..conversion.missing_texts import with_missing_texts
    from ..conversion.precision import in_its_precision

    _refuse_inexact(native)
    for name in NAMES:
        try:
            framework(name).register_converters()
        except ModuleNotFoundError:
            continue
    types = _types(native, model.signature.inputs)
    converted = in_its_precision(to_onnx(native, initial_types=types, target_opset=OPSET, options=_options(native)))
    return with_missing_texts(converted, native)


def _refuse_inexact(native: Any) -> None:
    parts = [given.part for given in parts_given(native)]
    if categories_of(native) or any(getattr(part, "_preprocessor", None) is not None for part in parts):
        raise ValueError(CATEGORIES)
    if any(map(_is_isotonic, parts)):
        # It has steps exactly at scores that a forest gives, and these are sums, in another order in ONNX.
        raise ValueError("its isotonic calibration decides by the last bits of scores, which are its framework's own")
    if any(map(cuts_texts, parts)):
        # ONNX's tokenizer splits text differently from Python's regular expressions, and a few golden texts would not show it.
        raise ValueError("it cuts texts into words, for which there is no conversion that answers the same")


def _is_isotonic(part: Any) -> bool:
    calibrated = getattr(part, "calibrated_classifiers_", [])
    return any(type(each).__name__ == "IsotonicRegression" for inner in calibrated for each in inner.calibrators)


def _types(native: Any, inputs: tuple[TensorSpec, ...]) -> list[tuple[str, Any]]:
    """An input per column if columns are selected, else one matrix of them all."""
    from skl2onnx.common.data_types import DoubleTensorType, StringTensorType

    learned = [*learned_of(native).values(), *learned_by_place(native, width_of(inputs))]
    if any(values is not None and whole_type(values) for values in learned):
        # ONNX's tensors of whole numbers cannot have missing values, and floats would round these numbers.
        raise ValueError("it has learned whole numbers beyond 2^53, for which there is no conversion")
    kinds = [StringTensorType if spec.datatype == "BYTES" else DoubleTensorType for spec in inputs]
    if _choose_by_names(native):
        return [(spec.name, kind([None, 1])) for spec, kind in zip(inputs, kinds)]
    if len(set(kinds)) > 1:
        raise ValueError("it takes text and numbers side by side, for which there is no conversion")
    return [("rows", kinds[0]([None, width_of(inputs)]))]


def _choose_by_names(native: Any) -> bool:
    """Makes transformers select columns by name, since the converter does not support every way to give positions; False if no transformer selects columns, and the converter takes one matrix."""
    choosing = [(part, columns) for part, columns, _ in parts_given(native) if columns and hasattr(part, "transformers_")]
    for part, columns in choosing:
        named = [(name, transformer, chosen, chosen_of(part, columns, name)) for name, transformer, chosen in part.transformers_]
        part.transformers_ = [(name, transformer, chosen if by_name is None else by_name) for name, transformer, chosen, by_name in named]
    return len(choosing) > 0


def _options(native: Any) -> dict[Any, Any]:
    from sklearn.base import is_classifier

    return {id(native): {"zipmap": False}} if is_classifier(native) else {}


def register_converters() -> None:
    """Replaces converters that compute in FP32, do not work in FP64, or decide differently."""
    from ..conversion.clusters import register_clusters
    from ..conversion.linear import register_linear
    from ..conversion.native import register, register_step
    from ..conversion.preparation import register_preparation
    from ..conversion.sklearn_trees import register_sklearn_trees

    register_sklearn_trees(register)
    register_linear(register)
    register_clusters(register)
    register_preparation(register_step)
