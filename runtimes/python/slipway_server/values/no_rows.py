from __future__ import annotations

import numpy as np

from .packing import pack
from .tensors import Signature, TensorSpec, no_rows_shape


def answer_to_no_rows(inputs: dict[str, np.ndarray], signature: Signature) -> dict[str, np.ndarray] | None:
    """An answer without rows to a request without rows, since some frameworks refuse such a request. Returns None for any other request, and where the outputs are not by row."""
    specs = signature.inputs + signature.outputs
    is_by_row = bool(inputs and signature.outputs) and all(spec.shape and spec.shape[0] == -1 for spec in specs)
    if not is_by_row or any(array.ndim == 0 or len(array) for array in inputs.values()):
        return None
    return {spec.name: _none(spec) for spec in signature.outputs}


def _none(spec: TensorSpec) -> np.ndarray:
    return pack(spec.datatype, [], f'output "{spec.name}"').reshape(no_rows_shape(spec))
