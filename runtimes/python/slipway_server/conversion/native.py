"""Shared by the frameworks' conversions to an ONNX graph of numbers."""

from __future__ import annotations

from types import ModuleType
from typing import Any, Callable, Tuple

from ..values.tensors import TensorSpec

# A precision, and the function that makes the graph, which may raise its converter's errors.
Conversion = Tuple[str, Callable[[], Any]]

OPSET = {"": 17, "ai.onnx.ml": 3}
# The newest opset that onnxmltools supports for boosters.
BOOSTER_OPSET = 15
CATEGORIES = "it has categories, for which there is no conversion"


def floats(inputs: tuple[TensorSpec, ...]) -> list[tuple[str, Any]]:
    from onnxmltools.convert.common.data_types import FloatTensorType

    return [("rows", FloatTensorType([None, width_of(inputs)]))]


def width_of(inputs: tuple[TensorSpec, ...]) -> int:
    only = inputs[0].shape
    return only[1] if len(inputs) == 1 and only is not None and len(only) == 2 else len(inputs)


def register(package: ModuleType, prefix: str, convert: Any) -> None:
    """Allows a pipeline to end in a booster's class."""
    from skl2onnx import update_registered_converter
    from skl2onnx.common.shape_calculator import (
        calculate_linear_classifier_output_shapes,
        calculate_linear_regressor_output_shapes,
    )

    choices = {"nocl": [True, False], "zipmap": [True, False, "columns"]}
    for kind, shapes in (
        ("Classifier", calculate_linear_classifier_output_shapes),
        ("Regressor", calculate_linear_regressor_output_shapes),
    ):
        estimator = getattr(package, f"{prefix}{kind}", None)
        options = {"options": choices} if kind == "Classifier" else {}
        if estimator is not None:
            update_registered_converter(estimator, f"{prefix}{kind}", shapes, convert, **options)
