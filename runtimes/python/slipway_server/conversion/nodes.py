"""Builds a part of an ONNX graph: adds its nodes and constants one after another."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

ML = "ai.onnx.ml"
# The first operator set with TreeEnsemble, whose numbers may be FP64.
OPSETS = {"": 17, ML: 5}
_IR = 8


class Nodes:
    """The names of its values begin with the prefix, which no other part of the graph may use."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.nodes: list[NodeProto] = []
        self.tensors: list[TensorProto] = []

    def add(self, op: str, *inputs: str, out: str | None = None, domain: str = "", **attributes: Any) -> str:
        """The name of the node's only output."""
        name = out or f"{self.prefix}_{len(self.nodes)}_{op}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], name=f"{self.prefix}_node_{len(self.nodes)}", domain=domain, **attributes))
        return name

    def constant(self, values: Any, dtype: Any) -> str:
        name = f"{self.prefix}_c{len(self.tensors)}"
        self.tensors.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def texts(self, values: Sequence[str]) -> str:
        name = f"{self.prefix}_c{len(self.tensors)}"
        self.tensors.append(helper.make_tensor(name, TensorProto.STRING, [len(values)], [value.encode() for value in values]))
        return name

    def cast(self, value: str, to: int, out: str | None = None) -> str:
        return self.add("Cast", value, out=out, to=to)

    def model(self, inputs: list[Any], outputs: list[Any]) -> ModelProto:
        graph = helper.make_graph(self.nodes, self.prefix, inputs, outputs, self.tensors)
        opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
        return helper.make_model(graph, opset_imports=opsets, ir_version=_IR)
