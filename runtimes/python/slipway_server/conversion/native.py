"""Each framework's own object as an ONNX graph of numbers, as its converter makes it."""

from __future__ import annotations

import os
import tempfile
from typing import Any, Iterator

from ..adapters.columns import categories_of, chosen_of, cuts_texts, learned_of, parts_given
from ..adapters.xgboost_model import best_rounds
from ..model import Model
from ..tensors import TensorSpec
from .missing import with_missing

OPSET = {"": 17, "ai.onnx.ml": 3}
# The newest that onnxmltools has for boosters.
_BOOSTER_OPSET = 15
_CATEGORIES = "it has categories, for which there is no conversion"


def attempts(model: Model) -> Iterator[tuple[str, Any]]:
    """Ways to convert it, the one that is quicker to serve first; each may raise what its converter does."""
    native = model.native
    module = type(native).__module__.partition(".")[0]
    if module == "xgboost":
        yield "FP32", lambda: _xgboost(native, model.signature.inputs)
    elif module == "lightgbm":
        yield "FP32", lambda: _lightgbm(native, model.signature.inputs)
    elif module == "catboost":
        yield "FP32", lambda: _catboost(native)
    elif hasattr(native, "predict"):
        # A tree compares what a scaler made of a number: in single precision it may fall on the other side.
        yield "FP32", lambda: _sklearn(native, model, "FP32")
        yield "FP64", lambda: _sklearn(native, model, "FP64")


def _sklearn(native: Any, model: Model, precision: str) -> Any:
    from skl2onnx import to_onnx

    _refuse_inexact(native)
    types = _types(native, model.signature.inputs, precision)
    _register_boosters()
    converted = to_onnx(native, initial_types=types, target_opset=OPSET, options=_options(native))
    return with_missing(converted, native)


def _refuse_inexact(native: Any) -> None:
    parts = [given.part for given in parts_given(native)]
    if categories_of(native) or any(getattr(part, "_preprocessor", None) is not None for part in parts):
        raise ValueError(_CATEGORIES)
    if any(map(cuts_texts, parts)):
        # Its operator cuts at other places than Python's expressions do, and a few golden texts would not show it.
        raise ValueError("it cuts texts into words, for which there is no conversion that answers the same")


def _types(native: Any, inputs: tuple[TensorSpec, ...], precision: str) -> list[tuple[str, Any]]:
    """An input for each column where columns are chosen, else one of them all side by side."""
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, StringTensorType

    number = FloatTensorType if precision == "FP32" else DoubleTensorType
    kinds = [StringTensorType if spec.datatype == "BYTES" else number for spec in inputs]
    if _choose_by_names(native):
        return [(spec.name, kind([None, 1])) for spec, kind in zip(inputs, kinds)]
    if len(set(kinds)) > 1:
        raise ValueError("it takes words and numbers side by side, for which there is no conversion")
    return [("rows", kinds[0]([None, _width(inputs)]))]


def _choose_by_names(native: Any) -> bool:
    """Has columns chosen by their names, since the converter does not know each way of places; False where none are chosen, and it takes them side by side."""
    choosing = [(part, columns) for part, columns, _ in parts_given(native) if columns and hasattr(part, "transformers_")]
    for part, columns in choosing:
        named = [(name, transformer, chosen, chosen_of(part, columns, name)) for name, transformer, chosen in part.transformers_]
        part.transformers_ = [(name, transformer, chosen if by_name is None else by_name) for name, transformer, chosen, by_name in named]
    return len(choosing) > 0


def _width(inputs: tuple[TensorSpec, ...]) -> int:
    only = inputs[0].shape
    return only[1] if len(inputs) == 1 and only is not None and len(only) == 2 else len(inputs)


def _options(native: Any) -> dict[Any, Any]:
    return {id(native): {"zipmap": False}} if hasattr(native, "predict_proba") else {}


def _register_boosters() -> None:
    """So that a pipeline may end in the class of a booster."""
    from skl2onnx import update_registered_converter
    from skl2onnx.common.shape_calculator import (
        calculate_linear_classifier_output_shapes,
        calculate_linear_regressor_output_shapes,
    )

    choices = {"nocl": [True, False], "zipmap": [True, False, "columns"]}
    for module, name in (("xgboost", "XGB"), ("lightgbm", "LGBM")):
        try:
            package = __import__(module)
        except ModuleNotFoundError:
            continue
        if module == "xgboost":
            from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost as convert
        else:
            from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm as convert
        for kind, shapes in (
            ("Classifier", calculate_linear_classifier_output_shapes),
            ("Regressor", calculate_linear_regressor_output_shapes),
        ):
            estimator = getattr(package, f"{name}{kind}", None)
            options = {"options": choices} if kind == "Classifier" else {}
            if estimator is not None:
                update_registered_converter(estimator, f"{name}{kind}", shapes, convert, **options)


def _floats(inputs: tuple[TensorSpec, ...]) -> list[tuple[str, Any]]:
    from onnxmltools.convert.common.data_types import FloatTensorType

    return [("rows", FloatTensorType([None, _width(inputs)]))]


def _xgboost(native: Any, inputs: tuple[TensorSpec, ...]) -> Any:
    from onnxmltools import convert_xgboost

    booster = native.get_booster() if hasattr(native, "get_booster") else native
    if "tree_info" not in booster.save_raw("json").decode("utf-8", "replace") or '"dart"' in booster.save_config():
        raise ValueError("it is not of plain trees, for which alone there is a conversion")
    if any(kind == "c" for kind in booster.feature_types or []):
        raise ValueError(_CATEGORIES)
    # The converter knows features by number alone, and takes all trees of a booster.
    booster.feature_names = None
    rounds = best_rounds(booster) if native is booster else 0
    return convert_xgboost(native[:rounds] if rounds else native, initial_types=_floats(inputs), target_opset=_BOOSTER_OPSET)


def _lightgbm(native: Any, inputs: tuple[TensorSpec, ...]) -> Any:
    from onnxmltools import convert_lightgbm

    if learned_of(native):
        raise ValueError(_CATEGORIES)
    return convert_lightgbm(native, initial_types=_floats(inputs), target_opset=_BOOSTER_OPSET, zipmap=False)


def _catboost(native: Any) -> Any:
    import onnx

    if native.get_cat_feature_indices():
        raise ValueError(_CATEGORIES)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.onnx")
        native.save_model(path, format="onnx")
        return onnx.load(path)
