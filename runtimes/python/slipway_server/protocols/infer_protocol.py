from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np

from ..refusal import Refusal, is_wrongly, show, show_or_nothing
from ..values.packing import DTYPES
from ..values.tensor_json import flat_json
from ..values.tensors import Signature, TensorSpec, datatype_of, read_tensor
from .binary import Tail, read_binary, read_raw, write_binary
from ..worded import worded

_WHOLE = tuple(f"{sign}INT{width}" for sign in ("", "U") for width in (8, 16, 32, 64))
# The datatypes of clients that keep arrays in less precision than the model, or whose column happens to be whole: each number must also be exact in the model's type, or is refused.
_NARROWER = {"FP64": ("FP32", "FP16", *_WHOLE), "FP32": ("FP16", *_WHOLE)}


@dataclass(frozen=True)
class Asked:
    """An inference request. `outputs` are the requested ones, all when empty; True for one requested as binary."""

    id: str | None
    inputs: dict[str, np.ndarray]
    outputs: dict[str, bool]
    is_binary: bool


def read_infer_request(body: Any, tail: Tail, signature: Signature) -> Asked:
    """Reads an inference request of the protocol; refuses with 400 and the tensor's name."""
    if not isinstance(body, dict):
        raise Refusal(400, worded("bodyTakesObject", show(body)))
    if "id" in body and not isinstance(body["id"], str):
        raise Refusal(400, worded("idTakesString", show(body['id'])))
    is_binary = _flag(body, "binary_data_output", False)
    sent = _by_name(body, "inputs", signature.inputs)
    asked = _by_name(body, "outputs", signature.outputs) if "outputs" in body else {}
    specs = signature.inputs or tuple(_own_spec(name, item) for name, item in sent.items())
    read = {name: _read_input(_named(specs, name), item, tail) for name, item in sent.items()}
    tail.check_empty()
    for spec in specs:
        if spec.name not in read and not spec.is_optional:
            raise Refusal(400, worded("inputMissing", spec.name))
    return Asked(
        id=body.get("id"),
        inputs={spec.name: read[spec.name] for spec in specs if spec.name in read},
        outputs={name: _flag(item, "binary_data", is_binary) for name, item in asked.items()},
        is_binary=is_binary,
    )


def read_raw_request(data: memoryview, signature: Signature) -> Asked:
    if len(signature.inputs) != 1:
        raise Refusal(400, worded("rawTensorForOne", len(signature.inputs)))
    [spec] = signature.inputs
    return Asked(id=None, inputs={spec.name: read_raw(spec, data)}, outputs={}, is_binary=True)


def infer_response(name: str, version: str, asked: Asked, outputs: dict[str, np.ndarray]) -> tuple[bytes, int | None]:
    """The body, and the length of its JSON if raw tensors follow."""
    head = {"model_name": name, **({"model_version": version} if version else {})}
    if asked.id is not None:
        head["id"] = asked.id
    tensors, raw = [], []
    for wanted, is_binary in (asked.outputs or dict.fromkeys(outputs, asked.is_binary)).items():
        array = outputs[wanted]
        spec: dict[str, Any] = {"name": wanted, "shape": list(array.shape), "datatype": datatype_of(array)}
        if is_binary:
            raw.append(write_binary(array))
            spec["parameters"] = {"binary_data_size": len(raw[-1])}
            tensors.append(_object(spec))
        else:
            tensors.append(f'{_object(spec)[:-1]},"data":{flat_json(array)}}}')
    text = f'{_object(head)[:-1]},"outputs":[{",".join(tensors)}]}}'.encode("utf-8", "replace")
    return (b"".join([text, *raw]), len(text)) if raw else (text, None)


def _by_name(body: dict[str, Any], field: str, specs: tuple[TensorSpec, ...]) -> dict[str, dict[str, Any]]:
    items = body.get(field)
    if not isinstance(items, list):
        raise Refusal(400, worded("takesList", field, is_wrongly(body, field)))
    found: dict[str, dict[str, Any]] = {}
    for item in items:
        holder = item if isinstance(item, dict) else {}
        name = holder.get("name")
        if not isinstance(name, str) or (specs and all(spec.name != name for spec in specs)):
            names = ", ".join(f'"{spec.name}"' for spec in specs) or "names of its own"
            raise Refusal(400, worded("noTensorNamed", field, show_or_nothing(holder, 'name'), names))
        if name in found:
            raise Refusal(400, f'{field} has "{name}" twice')
        found[name] = holder
    return found


def _read_input(spec: TensorSpec, sent: dict[str, Any], tail: Tail) -> np.ndarray:
    label = f'input "{spec.name}"'
    datatype, shape = sent.get("datatype"), sent.get("shape")
    if spec.is_unread and datatype in DTYPES and datatype != spec.datatype:
        return np.zeros(_read_input(replace(spec, datatype=str(datatype), is_unread=False), sent, tail).shape)
    if datatype in _NARROWER.get(spec.datatype, ()):
        read = _read_input(replace(spec, datatype=str(datatype)), sent, tail)
        kept = read.astype(DTYPES[spec.datatype])
        if datatype in _WHOLE:
            _refuse_rounded(spec, read, kept)
        return kept
    if datatype != spec.datatype:
        raise Refusal(
            400, worded("otherDatatype", label, show_or_nothing(sent, 'datatype'), spec.datatype)
        )
    if not isinstance(shape, list) or not all(map(_is_length, shape)):
        raise Refusal(400, worded("takesShape", label, show_or_nothing(sent, 'shape')))
    lengths = [int(dim) for dim in shape]
    parameters = sent.get("parameters")
    if not isinstance(parameters, dict) or "binary_data_size" not in parameters:
        return read_tensor(spec, lengths, sent.get("data", _NOTHING))
    if "data" in sent:
        raise Refusal(400, worded("dataTwice", label))
    return read_binary(spec, lengths, tail.take(parameters["binary_data_size"], label))


def _refuse_rounded(spec: TensorSpec, sent: np.ndarray, kept: np.ndarray) -> None:
    whole, floats = sent.ravel().tolist(), kept.ravel().tolist()
    at = next((index for index, number in enumerate(floats) if int(number) != whole[index]), None)
    if at is not None:
        raise Refusal(400, worded("noSuchNumber", spec.name, whole[at], at, spec.datatype))


class _Nothing:
    def __str__(self) -> str:
        return "nothing"


_NOTHING = _Nothing()


def _own_spec(name: str, item: dict[str, Any]) -> TensorSpec:
    datatype = item.get("datatype")
    if datatype in DTYPES:
        return TensorSpec(name, str(datatype), None)
    takes = ", ".join(DTYPES)
    raise Refusal(400, f'input "{name}" has the datatype {show_or_nothing(item, "datatype")}; it takes one of {takes}')


def _named(specs: tuple[TensorSpec, ...], name: str) -> TensorSpec:
    return next(spec for spec in specs if spec.name == name)


def _is_length(dim: Any) -> bool:
    if isinstance(dim, float):
        return dim.is_integer() and 0 <= dim < 2**53
    return isinstance(dim, int) and not isinstance(dim, bool) and 0 <= dim < 2**53


def _flag(holder: dict[str, Any], name: str, otherwise: bool) -> bool:
    parameters = holder.get("parameters")
    value = parameters.get(name, otherwise) if isinstance(parameters, dict) else otherwise
    return value is True


_ENCODER = msgspec.json.Encoder()


def _object(value: dict[str, Any]) -> str:
    return _ENCODER.encode(value).decode()
