"""Makes a graph refuse missing values where the framework's model does, since ONNX operators would answer something; and name the columns that it refuses."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper

from ..proof.unknowns import Place
from .preparation import UNKNOWN
from .trees import too_large

_PREFIX = "slipway_guard_"
# onnxruntime's errors contain the node's name, which would be too long with thousands of column names.
_LONGEST_NAME = 2_000
_NUMBERS = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16)


def guarded(model: ModelProto, refused: list[Place], infinite: list[Place], *, are_finite: list[str]) -> ModelProto:
    """
    Its runs fail when a number in the refused places is NaN or infinite, when one in the others is infinite, with the columns in the message,
    and when an answer in one of the outputs `are_finite` is not finite.
    ONNX has no operator that fails, but Gather does beyond its data: its result, otherwise 0, is added to an input or an output.
    """
    graph = model.graph
    _name_encoders(graph)
    types = {each.name: each.type.tensor_type.elem_type for each in graph.input}
    nodes: list[NodeProto] = []
    for number in _NUMBERS:
        for op, asked in (("IsNaN", refused), ("IsInf", infinite)):
            places = [place for place in asked if types.get(place.name) == number]
            if places:
                nodes += _guard(graph, places, number, op)
    for name in are_finite:
        _guard_answer(graph, name)
    if nodes or are_finite:
        _prepend(graph, nodes)
        checker.check_model(model)
    return model


def _guard(graph: Any, places: list[Place], number: int, op: str) -> list[NodeProto]:
    first, tag = places[0].name, f"{_PREFIX}{op}{number}_"
    flat, none, zero = f"{tag}flat", f"{tag}none", f"{tag}zero"
    graph.initializer.append(numpy_helper.from_array(np.array([-1], np.int64), flat))
    graph.initializer.append(numpy_helper.from_array(np.array([0], np.int64), none))
    columns = []
    nodes = []
    for name in dict.fromkeys(place.name for place in places):
        taken, shaped = name, f"{tag}{name}_column"
        indexes = [place.index for place in places if place.name == name and place.index is not None]
        if indexes:
            taken, wanted = f"{tag}{name}_taken", f"{tag}{name}_wanted"
            graph.initializer.append(numpy_helper.from_array(np.array(indexes, np.int64), wanted))
            nodes.append(helper.make_node("Gather", [name, wanted], [taken], axis=1))
        nodes.append(helper.make_node("Reshape", [taken, flat], [shaped]))
        columns.append(shaped)
    all_, less, missing, flags, count = (f"{tag}{each}" for each in ("all", "less", "missing", "flags", "count"))
    says = _told("missing", [[place.name, place.index] for place in places])
    nodes += [
        helper.make_node("Concat", columns, [all_], axis=0),
        # x - x is NaN for NaN and for infinities.
        *([helper.make_node("Sub", [all_, all_], [less])] if op == "IsNaN" else []),
        helper.make_node(op, [less if op == "IsNaN" else all_], [missing]),
        helper.make_node("Cast", [missing], [flags], to=TensorProto.INT64),
        helper.make_node("ReduceSum", [flags], [count], keepdims=0),
        helper.make_node("Gather", [none, count], [f"{zero}_whole"], name=says),
        helper.make_node("Cast", [f"{zero}_whole"], [zero], to=number),
    ]
    for node in graph.node:
        for index, name in enumerate(node.input):
            if name == first:
                node.input[index] = f"{tag}checked"
    return [*nodes, helper.make_node("Add", [first, zero], [f"{tag}checked"])]


def _guard_answer(graph: Any, name: str) -> None:
    """Fails where an output is NaN or infinite although the framework's outputs are finite: its terms were too large for FP64."""
    tag = f"{_PREFIX}{name}_"
    own, less, wrong, flags, count, none, zero = (f"{tag}{each}" for each in ("own", "less", "wrong", "flags", "count", "none", "zero"))
    for node in graph.node:
        for index, made in enumerate(node.output):
            if made == name:
                node.output[index] = own
        for index, taken in enumerate(node.input):
            if taken == name:
                node.input[index] = own
    kind = next(each.type.tensor_type.elem_type for each in graph.output if each.name == name)
    number = helper.tensor_dtype_to_np_dtype(kind)
    graph.initializer.append(numpy_helper.from_array(np.zeros(1, number), none))
    graph.node.extend(
        [
            helper.make_node("Sub", [own, own], [less]),
            helper.make_node("IsNaN", [less], [wrong]),
            helper.make_node("Cast", [wrong], [flags], to=TensorProto.INT64),
            helper.make_node("ReduceSum", [flags], [count], keepdims=0),
            helper.make_node("Gather", [none, count], [zero], name=too_large(name)),
            helper.make_node("Add", [own, zero], [name]),
        ]
    )


def _told(what: str, columns: list[list[Any]], where: str | None = None) -> str:
    """The name of a node that fails, from which the ONNX server builds its message to the client: runtimes/onnx/session/refused-value.ts."""
    # No two nodes have the same name.
    beside = {} if where is None else {"where": where}
    name = f"slipway {json.dumps({what: columns, **beside})}"
    return name if len(name) <= _LONGEST_NAME else f"slipway {json.dumps({what: [], **beside})}"


def _name_encoders(graph: Any) -> None:
    """Names the nodes of encoders, which fail on an unknown category, so that the error says so."""
    makers = {name: node for node in graph.node for name in node.output}
    inputs = {each.name for each in graph.input}

    def sources(name: str) -> set[str]:
        found = {name} & inputs
        return found.union(*(sources(each) for each in makers[name].input)) if name in makers else found

    for node in graph.node:
        if node.op_type == "OneHotEncoder" or node.name.startswith(UNKNOWN):
            named = sorted(set().union(*map(sources, node.input)))
            node.name = _told("unknown", [[name, None] for name in named], where=node.output[0])


def _prepend(graph: Any, nodes: list[NodeProto]) -> None:
    others = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes, *others])
