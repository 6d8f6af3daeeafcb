"""Makes tensors that prove a network of which only the signature is known: the same for each model with that signature."""

from __future__ import annotations

from math import prod

import numpy as np

from ..model import Model
from ..refusal import Refusal
from ..values.packing import DTYPES
from ..values.tensors import TensorSpec
from .example import SIZES

_SEED = 20_261_128
_MOST_ROWS = 16
_MOST_VALUES = 200_000


def golden_tensors(model: Model) -> dict[str, np.ndarray] | None:
    """
    Up to 16 rows, of 200,000 numbers at most; a single row where the first dimension is not free in every input.
    Other free dimensions get the smallest common size that the network answers; None where it answers none.
    """
    specs = model.signature.inputs
    are_rows = all(spec.shape and spec.shape[0] == -1 for spec in specs)
    for size in SIZES:
        shapes = [[size if dim == -1 else dim for dim in (spec.shape or ())] for spec in specs]
        row = sum(prod(shape[1:] if are_rows else shape) for shape in shapes)
        if row > _MOST_VALUES:
            return None
        rows = max(1, min(_MOST_ROWS, _MOST_VALUES // max(1, row)))
        dice = np.random.RandomState(_SEED)
        drawn = {spec.name: _drawn(spec, [rows, *shape[1:]] if are_rows else shape, dice) for spec, shape in zip(specs, shapes)}
        try:
            model.predict({name: array.copy() for name, array in drawn.items()})
            return drawn
        except Refusal:
            continue
    return None


def _drawn(spec: TensorSpec, shape: list[int], dice: np.random.RandomState) -> np.ndarray:
    """Numbers that networks usually get: around zero, and small indices that even a small table has."""
    dtype = DTYPES[spec.datatype]
    if spec.datatype == "BYTES":
        return np.full(shape, "a", dtype=dtype)
    if dtype.kind == "f":
        return dice.normal(0, 1, shape).astype(dtype)
    return dice.randint(0, 2, shape).astype(dtype)
