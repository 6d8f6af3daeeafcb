"""Checks that a graph computes in the precision of its framework; a graph that does not is refused, and the framework serves its model itself."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, numpy_helper, shape_inference

from .nodes import ML, OPSETS
from .trees import FP32

# The operators of ai.onnx.ml that look up or move their inputs. The others compute in FP32, whatever their inputs are.
_EXACT = ("ArrayFeatureExtractor", "LabelEncoder", "OneHotEncoder", "TreeEnsemble", "ZipMap")
# Their answers are small and whole.
_WHOLE = ("ArgMax", "LabelEncoder", "OneHotEncoder", "Shape")
_MOVES = ("Identity", "Cast", "Concat", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Gather", "Slice", "ArrayFeatureExtractor", "ZipMap", "Transpose")
# Operators whose answer IEEE 754 determines to the last bit, or that compute no fraction. A sum or an exponential ends in other bits in another library.
_LAST_BIT = (
    *_MOVES,
    *_WHOLE,
    *("Abs", "Add", "Ceil", "Clip", "Constant", "ConstantOfShape", "Div", "Expand", "Floor", "IsNaN", "Max", "Min", "Mul", "Neg", "ReduceMax", "ReduceMin", "Round", "Sign", "Sqrt", "Sub", "Where"),
)
_FRACTIONS = (TensorProto.FLOAT, TensorProto.DOUBLE)
_NARROW = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16)
_SMALL = (TensorProto.BOOL, TensorProto.INT8, TensorProto.UINT8, TensorProto.INT16, TensorProto.UINT16)


def in_its_precision(model: ModelProto) -> ModelProto:
    """
    The model, with the operator set that its trees need. Raises ValueError, with the operator, where one has FP32 numbers that are neither whole nor the framework's own,
    or where the type of a value is not known.
    """
    _set_opsets(model)
    inferred = shape_inference.infer_shapes(model, check_type=True)
    _check(inferred.graph, {}, set())
    _check_trees(inferred.graph)
    return model


def _check_trees(graph: Any) -> None:
    """Trees decide by the last bit of a number that lies at a threshold."""
    values = [*graph.input, *graph.value_info, *graph.output]
    types = {each.name: each.type.tensor_type.elem_type for each in values}
    other: dict[str, str] = {}
    for node in graph.node:
        by = next((other[name] for name in node.input if name in other), None)
        if by and node.op_type == "TreeEnsemble":
            raise ValueError(f"its trees decide by the last bits of what a step before them sums up, which are its framework's own ({by})")
        computes = node.op_type not in _LAST_BIT and any(types.get(name, TensorProto.DOUBLE) in _FRACTIONS for name in node.output)
        if by or computes:
            other.update((name, by or node.op_type) for name in node.output)


def _set_opsets(model: ModelProto) -> None:
    for each in model.opset_import:
        if each.domain in OPSETS:
            each.version = max(each.version, OPSETS[each.domain])
    for domain, version in OPSETS.items():
        if all(each.domain != domain for each in model.opset_import):
            model.opset_import.add(domain=domain, version=version)


def _check(graph: Any, around: dict[str, int], exact_around: set[str]) -> None:
    values = [*graph.input, *graph.value_info, *graph.output]
    types = {**around, **{each.name: each.type.tensor_type.elem_type for each in values}}
    types.update((each.name, each.data_type) for each in graph.initializer)
    exact = exact_around | {each.name for each in graph.initializer if _is_whole(each)}
    for each in graph.initializer:
        if each.data_type in _NARROW and each.name not in exact:
            raise ValueError(f"its conversion has FP32 constants ({each.name})")
    for node in graph.node:
        _check_node(node, types, exact)


def _check_node(node: Any, types: dict[str, int], exact: set[str]) -> None:
    if node.domain not in ("", ML) or (node.domain == ML and node.op_type not in _EXACT):
        raise ValueError(f"its conversion computes in FP32 what the framework computes in FP64 ({node.op_type})")
    for attribute in node.attribute:
        for inner in [attribute.g] if attribute.HasField("g") else attribute.graphs:
            _check(inner, types, exact)
    for name in filter(None, node.output):
        kind = types.get(name, _own_type(node, types))
        if kind == TensorProto.UNDEFINED:
            raise ValueError(f"its conversion has a value of an unknown type ({node.op_type})")
        types[name] = kind
        if _stays_exact(node, types, exact):
            exact.add(name)
        elif kind in _NARROW and not name.startswith(FP32):
            raise ValueError(f"its conversion computes in FP32 what the framework computes in FP64 ({node.op_type})")


def _own_type(node: Any, types: dict[str, int]) -> int:
    """The type of an output that onnx does not infer."""
    if node.op_type == "TreeEnsemble":
        return types.get(node.input[0], TensorProto.UNDEFINED)
    return TensorProto.FLOAT if node.op_type == "OneHotEncoder" else TensorProto.UNDEFINED


def _stays_exact(node: Any, types: dict[str, int], exact: set[str]) -> bool:
    """Whether the value's numbers are small and whole: made by an encoder, or moved by an operator that does not compute."""
    if node.op_type in _WHOLE:
        return True
    moved = list(node.input) if node.op_type == "Concat" else list(node.input[:1])
    return node.op_type in _MOVES and all(name in exact or types.get(name) in _SMALL for name in moved)


def _is_whole(tensor: TensorProto) -> bool:
    if tensor.data_type not in (*_NARROW, TensorProto.INT64, TensorProto.INT32):
        return False
    values = numpy_helper.to_array(tensor).astype(np.float64)
    return bool(np.all(values == np.rint(values)) and np.all(np.abs(values) < 2**24))
