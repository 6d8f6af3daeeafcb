from __future__ import annotations

import numpy as np

# The tolerance for numbers in single precision; labels must be equal.
TOLERANCE = 1e-5


def difference(
    native: dict[str, np.ndarray], converted: dict[str, np.ndarray], tolerance: float = TOLERANCE
) -> tuple[float, str | None]:
    """The largest numeric difference, and why the answers do not agree; None when they do."""
    largest = 0.0
    for name, expected in native.items():
        found = converted[name]
        if found.shape != expected.shape:
            return largest, f"{name} has the shape {list(found.shape)} instead of {list(expected.shape)}"
        if expected.dtype.kind == "f":
            apart = _apart(name, expected.astype(np.float64), found.astype(np.float64))
            largest = max(largest, apart)
            if not apart <= tolerance:
                return largest, f"{name} differs by {apart:.2g}; the limit is {tolerance:g}"
        else:
            rows = np.flatnonzero(np.asarray(expected != found).reshape(len(expected), -1).any(axis=1))
            if len(rows) > 0:
                return largest, f"{name} differs in {len(rows)} of {len(expected)} rows, first in row {rows[0]}"
    return largest, None


def _apart(name: str, expected: np.ndarray, found: np.ndarray) -> float:
    """The absolute difference for probabilities; for predictions, relative to their size, or to the largest if all are below 1."""
    if expected.size == 0:
        return 0.0
    same_nan = np.isnan(expected) == np.isnan(found)
    if not same_nan.all():
        return float("inf")
    sizes = np.abs(expected)
    # Per column, if a row has several: one may be a million times as large as another.
    largest = np.fmax.reduce(sizes, axis=0, initial=0.0)
    usual = np.where(largest > 0, np.minimum(1.0, largest), 1.0)
    scale = np.ones_like(expected) if name == "probabilities" else np.maximum(usual, sizes)
    return float(np.nanmax(np.abs(expected - found) / scale, initial=0.0))
