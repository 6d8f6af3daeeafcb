"""Keras' own files, by Keras with the backend of OpenVINO: no TensorFlow, and one graph that is compiled once."""

from __future__ import annotations

import os
import sys
import tempfile
from typing import Any

import numpy as np

from ..config import Facts
from ..model import Model
from ..refusal import Refusal, message_of
from ..values.tensors import Signature, TensorSpec, datatype_of
from .openvino_model import compiled_graph, network

PLATFORM = "keras"


def load(path: str, facts: Facts) -> Model:
    """Layers of Keras itself, as inspection has found them: with `safe_mode`, Keras loads no function that a file contains."""
    keras = _keras()
    try:
        if path.endswith((".h5", ".hdf5")):
            _take_keras_2(keras)
        _take_any_length(keras)
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
        graph = _graph(keras, model)
    except (ValueError, TypeError, NotImplementedError, RuntimeError, KeyError) as error:
        raise Refusal(400, f"Keras cannot serve the model by OpenVINO: {message_of(error)[-500:]}") from None
    compiled = compiled_graph(graph)
    inputs = _specs(_names(keras, model, "inputs"), compiled.inputs)
    outputs = _specs(_names(keras, model, "outputs"), compiled.outputs)
    return network(compiled, Signature(inputs, outputs))


def _keras() -> Any:
    os.environ["KERAS_BACKEND"] = "openvino"
    # Keras writes its settings there on import.
    os.environ["KERAS_HOME"] = tempfile.gettempdir()
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import keras

    return keras


# Fields that Keras 2 wrote for every layer of these kinds and Keras 3 no longer knows; with any other value the layer would behave differently.
_GONE = {"groups": 1, "time_major": False}
_OF_OLD = (
    *("RNN", "LSTM", "GRU", "SimpleRNN", "DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"),
    *("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"),
)


def _take_keras_2(keras: Any) -> None:
    """Lets layers of Keras 3 accept the fields that Keras 2 wrote, within other layers too."""
    for name in _OF_OLD:
        _drop_gone(getattr(keras.layers, name))


def _drop_gone(layer: Any) -> None:
    own = layer.from_config.__func__

    def from_config(cls: Any, config: dict[str, Any]) -> Any:
        return own(cls, {name: value for name, value in config.items() if name not in _GONE or value != _GONE[name]})

    layer.from_config = classmethod(from_config)


def _take_any_length(keras: Any) -> None:
    """Lets TimeDistributed take any number of steps, for which this backend has no loop: the steps go through the layer as rows of a longer batch, each by itself as before."""
    layer = keras.layers.TimeDistributed
    own = layer.call

    def call(self: Any, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        if inputs.shape[1] is not None:
            return own(self, inputs, training=training, mask=mask)
        given = {"training": training} if self.layer._call_has_training_arg else {}
        if mask is not None and self.layer._call_has_mask_arg:
            given["mask"] = _as_rows(mask)
        return _as_steps(self.layer.call(_as_rows(inputs), **given), inputs)

    layer.call = call


def _as_rows(steps: Any) -> Any:
    """Joins batch and steps into one dimension."""
    return _reshaped(steps, [[-1], _sizes(steps, 2)])


def _as_steps(rows: Any, like: Any) -> Any:
    """Splits them again, with the batch and the steps of another tensor."""
    return _reshaped(rows, [_sizes(like, 0, 2), _sizes(rows, 1)])


def _sizes(tensor: Any, first: int, end: int | None = None) -> Any:
    from openvino import opset16

    places = list(range(len(tensor.shape)))[first:end]
    return opset16.gather(opset16.shape_of(tensor.output, "i64"), np.array(places, np.int64), np.int64(0))


def _reshaped(tensor: Any, sizes: list[Any]) -> Any:
    from keras.src.backend.openvino.core import OpenVINOKerasTensor
    from openvino import opset16

    parts = [np.array(each, np.int64) if isinstance(each, list) else each for each in sizes]
    return OpenVINOKerasTensor(opset16.reshape(tensor.output, opset16.concat(parts, 0), False).output(0))


def _graph(keras: Any, model: Any) -> Any:
    """The graph of a call with inputs of any batch."""
    import openvino
    from keras.src.backend.openvino.core import OPENVINO_DTYPES, OpenVINOKerasTensor
    from openvino import opset16

    taken = [
        opset16.parameter([-1 if dim is None else dim for dim in each.shape], OPENVINO_DTYPES[each.dtype])
        for each in model.inputs
    ]
    given = [OpenVINOKerasTensor(each.output(0)) for each in taken]
    struct = getattr(model, "_inputs_struct", None)
    answers = model(given[0] if struct is None else keras.tree.pack_sequence_as(struct, given), training=False)
    return openvino.Model([opset16.result(each.output) for each in keras.tree.flatten(answers)], taken)


def _names(keras: Any, model: Any, side: str) -> list[str]:
    """The keys where the model takes or returns a dict, else the names of its layers."""
    struct = getattr(model, f"_{side}_struct", None)
    if isinstance(struct, dict) and all(isinstance(name, str) for name in struct):
        return sorted(struct)
    if side == "inputs":
        return _apart([each.name for each in model.inputs])
    flat = keras.tree.flatten(model.outputs)
    names = getattr(model, "output_names", None) or [model.layers[-1].name]
    return _apart(list(names) if len(names) == len(flat) else [f"output_{at}" for at in range(len(flat))])


def _apart(names: list[str]) -> list[str]:
    return [name if names.count(name) == 1 else f"{name}_{at}" for at, name in enumerate(names)]


def _specs(names: list[str], ports: list[Any]) -> tuple[TensorSpec, ...]:
    return tuple(TensorSpec(name, _datatype(port), _shape(port)) for name, port in zip(names, ports))


def _datatype(port: Any) -> str:
    return datatype_of(np.empty(0, port.get_element_type().to_dtype()))


def _shape(port: Any) -> tuple[int, ...] | None:
    shape = port.get_partial_shape()
    if shape.rank.is_dynamic:
        return None
    return tuple(-1 if dim.is_dynamic else dim.get_length() for dim in shape)
