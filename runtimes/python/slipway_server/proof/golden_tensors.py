"""Tensors that prove a network of which nothing is known but its signature: the same for each model of that."""

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
    A row for each of up to 16, as many as 200,000 numbers are; a single one where the first dimension is not free in every input.
    Other free dimensions are of the smallest common size that it answers; None where it answers none.
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
    """Numbers as networks are given them: about zero, and no index that a small table would not have."""
    dtype = DTYPES[spec.datatype]
    if spec.datatype == "BYTES":
        return np.full(shape, "a", dtype=dtype)
    if dtype.kind == "f":
        return dice.normal(0, 1, shape).astype(dtype)
    return dice.randint(0, 2, shape).astype(dtype)
