"""The golden tensors of a model that takes more than rows of a table."""

from __future__ import annotations

import numpy as np

from ..values.packing import DTYPES
from ..values.tensors import TensorSpec

_SEED = 20260101
_MOST_ROWS = 8
# As JSON they are some ten times as many bytes.
_MOST_VALUES = 400_000


def drawn_tensors(inputs: tuple[TensorSpec, ...], shaped: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """
    Tensors in these shapes, with up to 8 rows where all first dimensions are free: numbers of a normal distribution,
    whole numbers that every vocabulary has.
    """
    dice = np.random.RandomState(_SEED)
    values = max(1, sum(array.size for array in shaped.values()))
    rows = max(1, min(_MOST_ROWS, _MOST_VALUES // values)) if has_free_rows(inputs) else 1
    found = {}
    for spec in inputs:
        array = shaped[spec.name]
        shape = (rows * len(array), *array.shape[1:]) if array.ndim else ()
        dtype = DTYPES[spec.datatype]
        drawn = dice.standard_normal(shape) if dtype.kind == "f" else dice.randint(0, 2, shape)
        found[spec.name] = np.asarray(drawn).astype(dtype)
    return found


def has_free_rows(inputs: tuple[TensorSpec, ...]) -> bool:
    """Whether each input takes any number of rows."""
    return all(spec.shape is not None and len(spec.shape) > 0 and spec.shape[0] == -1 for spec in inputs)
