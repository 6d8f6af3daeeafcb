"""Shared by the frameworks' conversions to an ONNX graph of numbers."""

from __future__ import annotations

from types import ModuleType
from typing import Any, Callable, Tuple

from ..values.tensors import TensorSpec

# A precision, and the function that makes the graph, which may raise its converter's errors.
Conversion = Tuple[str, Callable[[], Any]]
# Converts one estimator: takes the nodes to add to, the estimator, the name of its rows (FP64), and the names to give to its outputs.
Convert = Callable[[Any, Any, str, "list[str]"], None]

OPSET = {"": 17, "ai.onnx.ml": 3}
CATEGORIES = "it has categories, for which there is no conversion"
_ROWS = "rows"


def graph_of_rows(width: int, convert: Callable[[Any, str, list[str]], None], outputs: tuple[TensorSpec, ...]) -> Any:
    """A graph of these outputs that takes a matrix of FP64, by `convert(nodes, rows, names of the outputs)`."""
    from onnx import TensorProto, helper

    from .nodes import Nodes
    from .precision import in_its_precision

    nodes = Nodes("slipway_own")
    convert(nodes, _ROWS, [spec.name for spec in outputs])
    kinds = {"label": {"BYTES": TensorProto.STRING}.get(outputs[0].datatype, TensorProto.INT64)}
    given = helper.make_tensor_value_info(_ROWS, TensorProto.DOUBLE, [None, width])
    told = [helper.make_tensor_value_info(spec.name, kinds.get(spec.name, TensorProto.DOUBLE), None) for spec in outputs]
    return in_its_precision(nodes.model([given], told))


def width_of(inputs: tuple[TensorSpec, ...]) -> int:
    only = inputs[0].shape
    return only[1] if len(inputs) == 1 and only is not None and len(only) == 2 else len(inputs)


def register_classes(package: ModuleType, prefix: str, convert: Convert) -> None:
    """Allows a pipeline to contain a booster's classes."""
    for kind in ("Classifier", "Regressor"):
        estimator = getattr(package, f"{prefix}{kind}", None)
        if estimator is not None:
            register(estimator, convert)


def register(estimator: Any, convert: Convert) -> None:
    """Registers the converter of a class, in place of skl2onnx's own one if there is one."""
    from skl2onnx import update_registered_converter
    from sklearn.base import ClassifierMixin

    options = {"nocl": [True, False], "zipmap": [True, False, "columns"], "raw_scores": [True, False]}
    taken = options if issubclass(estimator, ClassifierMixin) else None
    update_registered_converter(estimator, f"Slipway{estimator.__name__}", _answers_in_fp64, _added(convert), options=taken)


def register_step(estimator: Any, convert: Callable[[Any, Any, Any, str], None], width: Callable[[Any], int]) -> None:
    """Like `register`, for a step of preparation: `convert(nodes, estimator, columns, name of its output)`, which is a matrix of FP64 and as wide as `width(estimator)`."""
    from skl2onnx import update_registered_converter
    from skl2onnx.common.data_types import DoubleTensorType

    def shapes(operator: Any) -> None:
        operator.outputs[0].set_type(DoubleTensorType([None, width(operator.raw_operator)]))

    def call(scope: Any, operator: Any, container: Any) -> None:
        from .nodes import Nodes

        nodes = Nodes(scope.get_unique_variable_name("slipway_own"))
        convert(nodes, operator.raw_operator, _columns_of(nodes, operator.inputs), operator.outputs[0].full_name)
        _add(container, nodes)

    update_registered_converter(estimator, f"Slipway{estimator.__name__}", shapes, call)


def _columns_of(nodes: Any, inputs: Any) -> list[Any]:
    from .preparation import Column

    found = []
    for each in inputs:
        kind, width = each.type._get_element_onnx_type(), each.type.shape[1]
        for place in range(width):
            taken = each.full_name if width == 1 else nodes.add("Gather", each.full_name, nodes.constant([place], "int64"), axis=1)
            found.append(Column(taken, kind))
    return found


def _answers_in_fp64(operator: Any) -> None:
    """The types of an estimator's answers, as skl2onnx asks for them: its own are FP32 in some places."""
    from skl2onnx.common.data_types import DoubleTensorType, Int64TensorType
    from skl2onnx.common.shape_calculator import (
        calculate_linear_classifier_output_shapes,
        calculate_linear_regressor_output_shapes,
    )

    if hasattr(operator.raw_operator, "cluster_centers_"):
        operator.outputs[0].set_type(Int64TensorType([None]))
        operator.outputs[1].set_type(DoubleTensorType([None, len(operator.raw_operator.cluster_centers_)]))
        return
    (calculate_linear_classifier_output_shapes if len(operator.outputs) == 2 else calculate_linear_regressor_output_shapes)(operator)
    operator.outputs[-1].set_type(DoubleTensorType(operator.outputs[-1].type.shape))


def _added(convert: Convert) -> Callable[[Any, Any, Any], None]:
    """The converter as skl2onnx calls it."""

    def call(scope: Any, operator: Any, container: Any) -> None:
        from onnx import TensorProto

        from .nodes import Nodes

        # Another model's converter sets this, to decide by the scores of this model.
        asks = container.get_options(operator.raw_operator, {"raw_scores": False}) if hasattr(operator.raw_operator, "classes_") else {}
        if asks.get("raw_scores"):
            raise ValueError("it is asked for its scores, for which there is no conversion")
        nodes = Nodes(scope.get_unique_variable_name("slipway_own"))
        rows = nodes.cast(operator.inputs[0].full_name, TensorProto.DOUBLE)
        convert(nodes, operator.raw_operator, rows, [each.full_name for each in operator.outputs])
        _add(container, nodes)

    return call


def _add(container: Any, nodes: Any) -> None:
    container.nodes.extend(nodes.nodes)
    container.initializers.extend(nodes.tensors)
