"""Arrays as JSON text; values without a JSON number (NaN, infinities) are null."""

from __future__ import annotations

import json
from math import isfinite, prod

import numpy as np

# Enough significant digits to distinguish any two values of the type.
_DIGITS = {"float16": "%.5g", "float32": "%.9g"}


def flat_json(array: np.ndarray) -> str:
    return "[" + ",".join(values_of(array)) + "]"


def nested_json(array: np.ndarray) -> str:
    """The values in lists nested as deep as the shape; a scalar is a bare value."""
    rows = ",".join(rows_json(array))
    return f"[{rows}]" if array.ndim else rows


def rows_json(array: np.ndarray) -> list[str]:
    """The elements along the first dimension, each nested as deep as the rest of the shape."""
    parts = values_of(array)
    for axis in reversed(range(1, array.ndim)):
        dim = array.shape[axis]
        count = prod(array.shape[:axis])
        parts = ["[" + ",".join(parts[row * dim : (row + 1) * dim]) + "]" for row in range(count)]
    return parts


def without_numbers(outputs: dict[str, np.ndarray]) -> list[str]:
    """The names of the arrays that have a value for which JSON has no number."""
    return [name for name, array in outputs.items() if array.dtype.kind == "f" and not np.isfinite(array).all()]


def values_of(array: np.ndarray) -> list[str]:
    """Each value in JSON, row-major."""
    values = array.ravel().tolist()
    kind = array.dtype.kind
    if kind == "b":
        return ["true" if value else "false" for value in values]
    if kind in "iu":
        return list(map(str, values))
    if kind == "f":
        write = _DIGITS[array.dtype.name].__mod__ if array.dtype.name in _DIGITS else repr
        return [write(value) if isfinite(value) else "null" for value in values]
    return ["null" if value is None else json.dumps(str(value), ensure_ascii=False) for value in values]
