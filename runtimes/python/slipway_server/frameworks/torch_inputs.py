"""The inputs of a PyTorch module: its code names its arguments, but neither their datatypes nor their shapes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Callable, NamedTuple

import numpy as np

from ..config import Facts
from ..model import Model
from ..proof.example import first_example
from ..refusal import Refusal
from ..values.packing import DTYPES
from ..values.tensors import Signature, TensorSpec

_SAY = (
    "say in model.yaml what it takes, by an example: `examples: [{ request: { inputs: "
    "[{ name: x, datatype: FP32, shape: [1, 3], data: [0, 0, 0] }] } }]`"
)
_NUMBERS = {"int": ("INT64", int), "float": ("FP64", float), "bool": ("BOOL", bool), "number": ("FP64", float)}
_IMAGE_SIDES = 2


class Argument(NamedTuple):
    """An argument; `kind` is its type as TorchScript writes it. Only tensors and plain numbers can be passed."""

    name: str
    kind: str
    is_optional: bool


def asked_by(kind: str) -> Callable[[Any], Any]:
    """The Python type of a plain number."""
    return _NUMBERS[kind][1]


def found_inputs(call: Any, arguments: tuple[Argument, ...], facts: Facts, weights: list[tuple[int, ...]]) -> tuple[TensorSpec, ...]:
    """
    The module's inputs as its bytes declare them, else as in the first example, else as its first weights would take them.
    The first dimension is free where the module answers two rows like one. Raises ValueError when none of these determines them.
    """
    odd = next((each for each in arguments if each.kind != "Tensor" and each.kind not in _NUMBERS and not each.is_optional), None)
    if odd:
        raise ValueError(f'its argument "{odd.name}" is {odd.kind}; it can take tensors and numbers')
    if facts.signature and facts.signature.inputs:
        inputs = facts.signature.inputs
        return inputs if any(-1 in (spec.shape or ()) for spec in inputs) else _freed(call, inputs, _zeros(inputs))
    if facts.example is not None:
        inputs, arrays = _of_example(arguments, facts.example)
        return _freed(call, inputs, arrays)
    return _guessed(call, arguments, weights)


def _zeros(inputs: tuple[TensorSpec, ...]) -> dict[str, np.ndarray]:
    return {spec.name: np.zeros(spec.shape or (), DTYPES[spec.datatype]) for spec in inputs}


def _freed(call: Any, inputs: tuple[TensorSpec, ...], arrays: dict[str, np.ndarray]) -> tuple[TensorSpec, ...]:
    """The inputs with a free first dimension, if the answer to twice the rows is the answer to the rows, twice."""
    tensors = [spec for spec in inputs if spec.shape]
    if not tensors or len({spec.shape[0] for spec in tensors if spec.shape}) != 1:
        return inputs
    once = call(arrays)
    try:
        twice = call({name: np.concatenate([array, array]) if array.ndim else array for name, array in arrays.items()})
    except Refusal:
        return inputs
    for name, array in once.items():
        wanted = np.concatenate([array, array])
        found = twice.get(name)
        if found is None or found.shape != wanted.shape or not np.allclose(found, wanted, rtol=1e-3, atol=1e-4, equal_nan=True):
            return inputs
    return tuple(replace(spec, shape=(-1, *spec.shape[1:])) if spec.shape else spec for spec in inputs)


def _of_example(arguments: tuple[Argument, ...], example: dict[str, Any]) -> tuple[tuple[TensorSpec, ...], dict[str, np.ndarray]]:
    given = _tensors_in(json.loads(json.dumps(example["body"])), arguments)
    tensors = {each.name: each for each in arguments}
    inputs, arrays = [], {}
    for name, datatype, shape, data in given:
        argument = tensors.get(name) or (arguments[0] if len(given) == 1 else None)
        if argument is None:
            raise ValueError(f'the example has an input "{name}"; the model takes {", ".join(each.name for each in arguments)}')
        number = _NUMBERS.get(argument.kind)
        array = np.asarray(data, DTYPES[number[0] if number else datatype])
        shape = () if number else shape
        inputs.append(TensorSpec(argument.name, number[0] if number else datatype, tuple(shape)))
        arrays[argument.name] = array.reshape(shape)
    missing = next((each.name for each in arguments if each.name not in arrays and not each.is_optional), None)
    if missing:
        raise ValueError(f'the example has no input "{missing}", which the model takes')
    order = [each.name for each in arguments]
    return tuple(sorted(inputs, key=lambda spec: order.index(spec.name))), arrays


def _tensors_in(body: Any, arguments: tuple[Argument, ...]) -> list[tuple[str, str, tuple[int, ...], Any]]:
    """Name, datatype, shape and data of each input of a request, by either protocol."""
    inputs = body.get("inputs", body.get("instances")) if isinstance(body, dict) else body
    if isinstance(inputs, list) and inputs and all(isinstance(each, dict) and "datatype" in each for each in inputs):
        return [(str(each["name"]), str(each["datatype"]), tuple(each["shape"]), each["data"]) for each in inputs]
    by_name = inputs if isinstance(inputs, dict) else {arguments[0].name: inputs}
    found = []
    for name, values in by_name.items():
        array = np.asarray(values)
        if array.dtype.kind not in "biuf":
            raise ValueError(f"the example is not of numbers alone; {_SAY}")
        datatype = {"b": "BOOL", "f": "FP32"}.get(array.dtype.kind, "INT64" if len(by_name) > 1 else "FP32")
        found.append((str(name), datatype, array.shape, array))
    return found


def _guessed(call: Any, arguments: tuple[Argument, ...], weights: list[tuple[int, ...]]) -> tuple[TensorSpec, ...]:
    """The guessed input of a module with one tensor: rows of numbers where the first weights are a linear layer's, images where they are a convolution's."""
    wanted = [each for each in arguments if not each.is_optional]
    first = next((shape for shape in weights if len(shape) > 1), None)
    if len(wanted) == 1 and wanted[0].kind == "Tensor" and first is not None:
        sides = (-1,) * (len(first) - _IMAGE_SIDES)
        spec = TensorSpec(wanted[0].name, "FP32", (-1, first[1], *sides))
        if first_example(Model(Signature((spec,), ()), call)) is not None:
            return (spec,)
    raise ValueError(f"its bytes do not say what it takes ({', '.join(each.name for each in arguments)}): {_SAY}")
