"""JSON values to arrays: each datatype of the protocol only takes values that it can hold."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ..refusal import Refusal, show
from ..worded import worded

DTYPES = {
    "BOOL": np.dtype("bool"),
    "BYTES": np.dtype("object"),
    "FP16": np.dtype("<f2"),
    "FP32": np.dtype("<f4"),
    "FP64": np.dtype("<f8"),
    "INT8": np.dtype("<i1"),
    "INT16": np.dtype("<i2"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "UINT8": np.dtype("<u1"),
    "UINT16": np.dtype("<u2"),
    "UINT32": np.dtype("<u4"),
    "UINT64": np.dtype("<u8"),
}

# Above it, a JSON number with a fraction or an exponent does not identify an integer.
MOST_EXACT = 2**53 - 1
_TRUTHS, _TEXTS = worded("trueOrFalse"), worded("textsWithoutNul")
_DIGITS = re.compile(r"[+-]?[0-9]{1,40}")


def pack(datatype: str, values: list[Any], label: str) -> np.ndarray:
    """A flat array from a list; refuses with 400 the first value that the datatype cannot hold."""
    if datatype == "BOOL":
        return _checked(datatype, values, label, _TRUTHS, lambda value: isinstance(value, bool))
    if datatype == "BYTES":
        return _checked(datatype, values, label, _TEXTS, _is_text)
    if datatype.startswith("FP"):
        return _floats(datatype, values, label)
    return _integers(datatype, values, label)


def _floats(datatype: str, values: list[Any], label: str) -> np.ndarray:
    # Plain numbers only pay for one pass in C over their types.
    if set(map(type, values)) <= {float, int}:
        try:
            with np.errstate(over="ignore"):
                array = np.array(values, dtype=np.float64).astype(DTYPES[datatype])
            # A missing cell of a table is NaN, which JSON cannot express.
            if not np.isinf(array).any():
                return array
        except OverflowError:
            pass
    return _checked(datatype, values, label, f"numbers of {datatype}", lambda value: _is_float(datatype, value))


def _integers(datatype: str, values: list[Any], label: str) -> np.ndarray:
    bounds = np.iinfo(DTYPES[datatype])
    least, most = int(bounds.min), int(bounds.max)
    if not values:
        return np.empty(0, DTYPES[datatype])
    if datatype.endswith("64") and str in set(map(type, values)):
        # Protobuf's JSON writes them as texts, and so do clients whose own numbers would round them.
        values = [int(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else value for value in values]
    if set(map(type, values)) == {int} and least <= min(values) and max(values) <= most:
        return np.array(values, dtype=DTYPES[datatype])
    takes = worded("integersFrom", least, most) + (", in digits" if datatype.endswith("64") else "")

    def holds(value: Any) -> bool:
        if isinstance(value, float):
            return value.is_integer() and abs(value) <= MOST_EXACT and least <= value <= most
        return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most

    return _checked(datatype, values, label, takes, holds)


def _checked(datatype: str, values: list[Any], label: str, takes: str, holds: Any) -> np.ndarray:
    for index, value in enumerate(values):
        if not holds(value):
            raise Refusal(400, worded("valueTakes", label, show(value), index, takes))
    array = np.empty(len(values), dtype=DTYPES[datatype])
    array[:] = values
    return array


def _is_float(datatype: str, value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        with np.errstate(over="ignore"):
            return not np.isinf(np.float64(value).astype(DTYPES[datatype]))
    except OverflowError:
        return False


# The ONNX runtime cannot hold a NUL either, and either runtime may serve a model.
def _is_text(value: Any) -> bool:
    return isinstance(value, str) and "\0" not in value
