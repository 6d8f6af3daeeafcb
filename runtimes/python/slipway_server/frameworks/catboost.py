from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from typing import Any, Iterable, Iterator

import numpy as np

from ..config import Facts
from ..conversion.native import CATEGORIES, Conversion
from ..model import Model, matrix, plain, stacked
from ..values.tensors import Signature, TensorSpec

PLATFORM = "catboost_cbm"
REFUSES_UNKNOWN = False
# The prediction type that CatBoostRegressor uses for these losses; the generic CatBoost class answers the trees' sum.
_NUMBERS = {"Poisson": "Exponent", "Tweedie": "Exponent", "RMSEWithUncertainty": "RMSEWithUncertainty"}
# Multilabel losses: a row may have several labels, or none.
_SEVERAL = ("MultiLogloss", "MultiCrossEntropy")


def load(path: str, facts: Facts) -> Model:
    import catboost

    model = catboost.CatBoost()
    model.load_model(path)
    return own_model(model, facts)


def own_model(model: Any, facts: Facts) -> Model:
    """Also for CatBoost's scikit-learn classes, which do not expose their features as scikit-learn does."""
    names = [str(name) for name in model.feature_names_]
    categories = set(model.get_cat_feature_indices())
    is_unnamed = names == [str(index) for index in range(len(names))]
    declared = facts.signature.inputs if facts.signature and facts.signature.inputs else None
    inputs = declared or (
        matrix(len(names))
        if is_unnamed and not categories
        else tuple(TensorSpec(name, "BYTES" if index in categories else "FP64", (-1,)) for index, name in enumerate(names))
    )
    is_named = len(inputs) > 1 or (inputs[0].shape is not None and len(inputs[0].shape) == 1)
    classes = plain(model.classes_) if len(model.classes_) > 0 else None
    loss = str(model.get_all_params().get("loss_function", ""))
    numbers = next((kind for name, kind in _NUMBERS.items() if loss.startswith(name)), "RawFormulaVal")
    has_labels = loss.startswith(_SEVERAL)

    def predict(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        ordered = {name: arrays[name] for name in names} if is_named and set(names) == arrays.keys() else arrays
        rows = _objects(list(ordered.values()), categories) if categories else stacked(ordered)
        if classes is None:
            return {"prediction": plain(model.predict(rows, prediction_type=numbers, thread_count=1))}
        probabilities = np.asarray(model.predict(rows, prediction_type="Probability", thread_count=1))
        if has_labels:
            return {"label": plain(model.predict(rows, prediction_type="Class", thread_count=1)), "probabilities": probabilities}
        return {"label": classes[probabilities.argmax(axis=1)], "probabilities": probabilities}

    # CatBoost compares categories as text, a number by its digits.
    taken = tuple(replace(spec, is_category=spec.datatype == "BYTES") for spec in inputs)
    return Model(Signature(taken, facts.signature.outputs if facts.signature else ()), predict, is_named, native=model)


def names(part: Any) -> Iterable[Any]:
    return getattr(part, "feature_names_in_", ())


def categories(_part: Any) -> dict[str, np.ndarray]:
    return {}


def thresholds(model: Any, _width: int) -> Iterator[tuple[int, float]]:
    try:
        borders = model.get_borders()
    except Exception:
        return
    numbers = [index for index in range(len(model.feature_names_)) if index not in set(model.get_cat_feature_indices())]
    for position, values in borders.items():
        if int(position) < len(numbers):
            yield from ((numbers[int(position)], value) for value in values)


def conversions(model: Model) -> Iterator[Conversion]:
    yield "FP32", lambda: _converted(model.native)


def _converted(native: Any) -> Any:
    import onnx

    if native.get_cat_feature_indices():
        raise ValueError(CATEGORIES)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.onnx")
        native.save_model(path, format="onnx")
        return onnx.load(path)


def register_converters() -> None:
    """A pipeline that ends in a CatBoost class is not converted."""


def _objects(columns: list[np.ndarray], categories: set[int]) -> np.ndarray:
    """Rows of mixed values: CatBoost takes a category as text or an integer, and everything else as a number."""
    rows = np.empty((len(columns[0]), len(columns)), dtype=object)
    for index, column in enumerate(columns):
        is_number = index in categories and column.dtype.kind == "f"
        rows[:, index] = column.reshape(len(column)).astype(np.int64 if is_number else column.dtype)
    return rows
