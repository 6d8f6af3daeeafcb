"""Wraps a converter's graph in exactly the signature of the framework's model, so that a client sees no difference between the two."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper

from ..values.tensors import Signature, TensorSpec

_TYPES = {
    "BOOL": TensorProto.BOOL,
    "BYTES": TensorProto.STRING,
    "FP16": TensorProto.FLOAT16,
    "FP32": TensorProto.FLOAT,
    "FP64": TensorProto.DOUBLE,
    "INT8": TensorProto.INT8,
    "INT16": TensorProto.INT16,
    "INT32": TensorProto.INT32,
    "INT64": TensorProto.INT64,
    "UINT8": TensorProto.UINT8,
    "UINT16": TensorProto.UINT16,
    "UINT32": TensorProto.UINT32,
    "UINT64": TensorProto.UINT64,
}

_PREFIX = "slipway_"
# Before IR version 4, an initializer also had to be an input.
_IR = 8


def behind(model: ModelProto, signature: Signature) -> ModelProto:
    """The inputs and outputs are those of the signature, in its order; the graph's other outputs are dropped."""
    graph = model.graph
    _drop_maps(graph)
    initializers = {each.name for each in graph.initializer}
    own_inputs = [each for each in graph.input if each.name not in initializers]
    own_outputs = list(graph.output)[: len(signature.outputs)]
    _rename(graph, [each.name for each in own_inputs] + [each.name for each in own_outputs])
    before = _columns_in(own_inputs, signature.inputs) if len(own_inputs) > 1 else _rows_in(own_inputs[0], signature.inputs)
    pairs = list(zip(own_outputs, signature.outputs))
    after = [node for own, spec in pairs for node in _out(own, spec)]
    nodes = [*before, *graph.node, *after]
    wrapped = helper.make_graph(
        nodes,
        "slipway",
        [_value(spec) for spec in signature.inputs],
        [_value(spec) for spec in signature.outputs],
        [*graph.initializer, *(each for each in _CONSTANTS if any(each.name in node.input for node in nodes))],
    )
    result = helper.make_model(wrapped, opset_imports=list(model.opset_import), ir_version=max(model.ir_version, _IR))
    result.producer_name, result.producer_version = model.producer_name, model.producer_version
    checker.check_model(result)
    return result


_BOUNDED = {"FP32": np.float32, "FP64": np.float64}
# In a shape, -1 stands for the remaining number of elements.
_CONSTANTS = [
    numpy_helper.from_array(np.array([-1], np.int64), f"{_PREFIX}flat"),
    numpy_helper.from_array(np.array([-1, 1], np.int64), f"{_PREFIX}column"),
    *(numpy_helper.from_array(number(0), f"{_PREFIX}{name}_least") for name, number in _BOUNDED.items()),
    *(numpy_helper.from_array(number(1), f"{_PREFIX}{name}_most") for name, number in _BOUNDED.items()),
]


def _drop_maps(graph: Any) -> None:
    """Replaces a ZipMap by its input: the protocol cannot carry a list of maps."""
    for node in list(graph.node):
        if node.op_type == "ZipMap":
            for each in graph.output:
                if each.name == node.output[0]:
                    each.CopyFrom(helper.make_tensor_value_info(node.input[0], TensorProto.FLOAT, [None, None]))
            graph.node.remove(node)


def _rename(graph: Any, names: list[str]) -> None:
    """Renames the graph's own values, to make room for the signature's names."""
    for node in graph.node:
        for field in (node.input, node.output):
            for index, name in enumerate(field):
                if name in names:
                    field[index] = _PREFIX + name


def _rows_in(own: Any, inputs: tuple[TensorSpec, ...]) -> list[NodeProto]:
    """One matrix of numbers, from the only input or from columns side by side."""
    wanted = own.type.tensor_type.elem_type
    [first, *others] = inputs
    if not others and first.shape is not None and len(first.shape) == 2:
        return [_cast(first.name, _PREFIX + own.name, wanted)]
    nodes = [node for spec in inputs for node in _column(spec.name, f"{_PREFIX}{spec.name}_column", wanted)]
    columns = [f"{_PREFIX}{spec.name}_column" for spec in inputs]
    return [*nodes, helper.make_node("Concat", columns, [_PREFIX + own.name], axis=1)]


def _columns_in(own: list[Any], inputs: tuple[TensorSpec, ...]) -> list[NodeProto]:
    """An input for each column. The converter uses the column's name, or a version of it that is a valid C identifier."""
    by_name = {each.name: each for each in own}
    pairs = [(spec, by_name.get(spec.name) or by_name.get(_as_in_c(spec.name))) for spec in inputs]
    return [
        node
        for spec, found in pairs
        if found is not None
        for node in _column(spec.name, _PREFIX + found.name, found.type.tensor_type.elem_type)
    ]


def _as_in_c(name: str) -> str:
    plain = re.sub(r"[^\w+]", "_", name)
    return f"_{plain}" if plain[:1].isdigit() else plain


def _column(name: str, to: str, wanted: int) -> list[NodeProto]:
    shaped = f"{to}_shaped"
    return [helper.make_node("Reshape", [name, f"{_PREFIX}column"], [shaped]), _cast(shaped, to, wanted)]


def _out(own: Any, spec: TensorSpec) -> list[NodeProto]:
    name, cast = _PREFIX + own.name, f"{_PREFIX}{spec.name}_cast"
    if spec.shape is not None and len(spec.shape) == 1:
        return [_cast(name, cast, _TYPES[spec.datatype]), helper.make_node("Reshape", [cast, f"{_PREFIX}flat"], [spec.name])]
    if spec.name == "probabilities" and spec.datatype in _BOUNDED:
        return [_cast(name, cast, _TYPES[spec.datatype]), *_bounded(cast, spec)]
    return [_cast(name, spec.name, _TYPES[spec.datatype])]


def _bounded(name: str, spec: TensorSpec) -> list[NodeProto]:
    """Limits probabilities to 0 … 1, since a sum in single precision may be 1e-7 below 0 or above 1. Max and Min preserve NaN; for Clip that is not specified."""
    least, most, above = f"{_PREFIX}{spec.datatype}_least", f"{_PREFIX}{spec.datatype}_most", f"{_PREFIX}{spec.name}_above"
    return [helper.make_node("Max", [name, least], [above]), helper.make_node("Min", [above, most], [spec.name])]


def _cast(name: str, to: str, wanted: int) -> NodeProto:
    # ONNX has no cast from string to string.
    if wanted == TensorProto.STRING:
        return helper.make_node("Identity", [name], [to])
    return helper.make_node("Cast", [name], [to], to=wanted)


def _value(spec: TensorSpec) -> Any:
    shape = [None if dim == -1 else dim for dim in spec.shape or ()]
    return helper.make_tensor_value_info(spec.name, _TYPES[spec.datatype], shape)
