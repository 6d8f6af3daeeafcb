from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ..adapters.estimator import parts_of
from ..model import Model
from ..refusal import Refusal
from ..values.packing import DTYPES
from ..values.tensors import TensorSpec

# Some models only take images of a certain size, which their signature does not declare.
SIZES = (1, 32, 64, 224, 320)
_MOST_VALUES = 1_000_000


def first_example(model: Model) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]] | None:
    """
    Inputs of zeros (BYTES: empty strings, BOOL: false) and the model's answer; None when it answers none:
    the first free dimension is 1, the others are the width that a step of the model knows, or the smallest common size that works.
    """
    for size in dict.fromkeys([*_learned(model.native), *SIZES]):
        shapes = [_fixed(spec, size) for spec in model.signature.inputs]
        if any(prod(shape) > _MOST_VALUES for shape in shapes):
            return None
        inputs = {spec.name: zeros(spec, shape) for spec, shape in zip(model.signature.inputs, shapes)}
        try:
            return inputs, model.predict({name: array.copy() for name, array in inputs.items()})
        except Refusal:
            continue
    return None


def _learned(native: Any) -> list[int]:
    """The widths that the steps of a pipeline know: its first step may be a class of the user's, which knows none."""
    widths = [getattr(part, "n_features_in_", None) for part in parts_of(native)]
    return [int(width) for width in widths if width is not None]


def zeros(spec: TensorSpec, shape: list[int]) -> np.ndarray:
    return np.full(shape, "" if spec.datatype == "BYTES" else 0, dtype=DTYPES[spec.datatype])


def _fixed(spec: TensorSpec, size: int) -> list[int]:
    shape = list(spec.shape) if spec.shape is not None else [1]
    first = shape.index(-1) if -1 in shape else None
    return [dim if dim != -1 else 1 if axis == first else size for axis, dim in enumerate(shape)]
