from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from ..refusal import Refusal, show
from .packing import pack
from ..worded import worded

# numpy's limit; a model that declares no shape would take any number.
MOST_DIMENSIONS = 64

_DATATYPES = {
    "bool": "BOOL",
    "float16": "FP16",
    "float32": "FP32",
    "float64": "FP64",
    "int8": "INT8",
    "int16": "INT16",
    "int32": "INT32",
    "int64": "INT64",
    "uint8": "UINT8",
    "uint16": "UINT16",
    "uint32": "UINT32",
    "uint64": "UINT64",
}


@dataclass(frozen=True)
class TensorSpec:
    """
    `shape` has -1 for a free dimension; None when the model declares none, and any will do.
    `is_category`: to the model, an integer written as text equals the number, as true equals 1.
    `is_optional`: a table may lack the column. `takes_null`: a value may be missing, and is None then, or false; with `empty_is_null`, so is an empty cell of a CSV.
    `is_time`: a text of a time, which may be written as a whole number of nanoseconds since 1970.
    `is_unread`: the model drops the column, so any value will do; values that are not numbers are read as 0.
    `is_inferred`: taken from an example, which may have had whole numbers where the model answers fractions.
    """

    name: str
    datatype: str
    shape: tuple[int, ...] | None
    is_category: bool = False
    is_optional: bool = False
    takes_null: bool = False
    empty_is_null: bool = False
    is_time: bool = False
    is_unread: bool = False
    is_inferred: bool = False

    def json(self) -> dict[str, Any]:
        said = {"isOptional": True} if self.is_optional else {}
        return {"name": self.name, "datatype": self.datatype, "shape": list(self.shape or ()), **said}


@dataclass(frozen=True)
class Signature:
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]

    def declared(self) -> Signature:
        """The signature shown to clients: any value can be written as a text, and so can one that the model ignores."""
        return replace(self, inputs=tuple(replace(spec, datatype="BYTES") if spec.is_unread else spec for spec in self.inputs))

    def json(self) -> dict[str, Any]:
        return {"inputs": [spec.json() for spec in self.inputs], "outputs": [spec.json() for spec in self.outputs]}


def signature_of(value: dict[str, Any]) -> Signature:
    def specs(items: list[dict[str, Any]]) -> tuple[TensorSpec, ...]:
        return tuple(
            TensorSpec(
                item["name"],
                item["datatype"],
                None if item.get("isUnranked") else tuple(item["shape"]),
                is_optional=item.get("isOptional", False),
            )
            for item in items
        )

    return Signature(specs(value["inputs"]), specs(value.get("outputs", [])))


def datatype_of(array: np.ndarray) -> str:
    return _DATATYPES.get(array.dtype.name, "BYTES")


def read_tensor(spec: TensorSpec, shape: list[int], data: Any) -> np.ndarray:
    """Reads an array from JSON `data`, nested by `shape` or flat; refuses with 400 a value that the model cannot take."""
    label = f'input "{spec.name}"'
    check_shape(spec, shape, label)
    return pack(spec.datatype, flatten(data, shape, label), label).reshape(shape)


def read_written_tensor(spec: TensorSpec, shape: list[int], data: Any) -> np.ndarray:
    """Like `read_tensor`, for hand-written rows: null is a missing number, true is 1, 1 is true and "5.1" is 5.1, as in the frameworks."""
    label = f'input "{spec.name}"'
    check_shape(spec, shape, label)
    values = flatten(data, shape, label)
    try:
        return pack(spec.datatype, values, label).reshape(shape)
    except Refusal:
        # Plain numbers, the common case, do not pay for the others.
        written = pack(spec.datatype, [_as_written(value, spec) for value in values], label)
    missing = [at for at, value in enumerate(values) if is_missing(value)] if spec.takes_null else []
    if missing and "INT" in spec.datatype:
        # They become Python numbers: an array of integers cannot hold a missing value, and floats would round the others.
        written = written.astype(object)
    if missing:
        written[missing] = None
    return written.reshape(shape)


def is_missing(value: Any) -> bool:
    """Whether the value is null, or the NaN that Python writes for a missing number."""
    return value is None or (isinstance(value, float) and value != value)


def is_float(spec: TensorSpec) -> bool:
    return spec.datatype.startswith("FP")


_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(e[+-]?[0-9]+)?|nan", re.IGNORECASE)


def number_of(text: str) -> float | None:
    """A number in digits, with an optional fraction and exponent, or `nan`."""
    return float(text) if _NUMBER.fullmatch(text) else None


def whole_number_of(text: str) -> int | None:
    """The integer written with up to 40 digits; None for any other text."""
    return int(text) if re.fullmatch(r"[+-]?[0-9]{1,40}", text) else None


def _as_written(value: Any, spec: TensorSpec) -> Any:
    if spec.is_unread and not isinstance(value, (int, float)):
        return 0
    if spec.is_category and isinstance(value, int):
        return str(int(value))
    if spec.takes_null and is_missing(value):
        return {"BOOL": False, "BYTES": ""}.get(spec.datatype, 0)
    if is_float(spec):
        return _float(value)
    if spec.datatype == "BOOL":
        return _truth(value)
    if "INT" in spec.datatype:
        return _whole(value)
    return _time(value) if spec.is_time and isinstance(value, int) else value


def _whole(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if not isinstance(value, str):
        return value
    number = whole_number_of(value)
    if number is not None:
        return number
    # pandas writes 7.0 where other numbers of the column are missing.
    written = number_of(value)
    return value if written is None or not written.is_integer() else written


_TRUTHS = {"true": True, "false": False, "1": True, "0": False}


def _truth(value: Any) -> Any:
    if isinstance(value, (int, float)) and value in (0, 1):
        return bool(value)
    return _TRUTHS.get(value.lower(), value) if isinstance(value, str) else value


def _time(nanoseconds: int) -> Any:
    return str(np.datetime64(nanoseconds, "ns")) if abs(nanoseconds) < 2**63 else nanoseconds


def _float(value: Any) -> Any:
    if value is None:
        return math.nan
    if isinstance(value, bool):
        return float(value)
    number = number_of(value) if isinstance(value, str) else None
    return value if number is None else number


def check_shape(spec: TensorSpec, shape: list[int], label: str) -> None:
    if len(shape) > MOST_DIMENSIONS:
        raise Refusal(400, worded("tooManyDimensions", label, len(shape), MOST_DIMENSIONS))
    if spec.shape is None:
        return
    fits = len(spec.shape) == len(shape) and all(dim in (-1, given) for dim, given in zip(spec.shape, shape))
    if not fits:
        raise Refusal(400, worded("otherShape", label, show_shape(shape), show_shape(spec.shape)))


def shape_of(data: Any) -> list[int]:
    """The lengths of nested lists, taken from the first item at each level."""
    shape = []
    while isinstance(data, list):
        shape.append(len(data))
        data = data[0] if data else None
    return shape


def no_rows_shape(spec: TensorSpec) -> list[int]:
    """The shape of an array without rows, for this spec."""
    return [0, *(max(0, dim) for dim in (spec.shape or ())[1:])]


def flatten(data: Any, shape: list[int], label: str) -> list[Any]:
    if not isinstance(data, list):
        if not shape:
            return [data]
        raise Refusal(400, worded("dataTakesList", label, show(data)))
    if not data or not isinstance(data[0], list):
        count = prod(shape)
        if len(data) == count:
            return data
        raise Refusal(400, worded("valuesForShape", label, len(data), show_shape(shape), count))
    rows = [data]
    for dim in shape:
        for row in rows:
            if not isinstance(row, list) or len(row) != dim:
                where = f"where the shape {show_shape(shape)} takes a list of {dim}"
                raise Refusal(400, f"{label} has {show(row)} {where}")
        rows = [item for row in rows for item in row]
    return rows


def show_shape(shape: Any) -> str:
    return "[" + ", ".join(map(str, shape)) + "]"
