from __future__ import annotations

from typing import Callable

import numpy as np

# The limit of a difference, as a part of the spread of a column of answers or of their size; labels must be equal.
TOLERANCE = 1e-6
# The error that rounding alone causes in an FP32 answer, relative to its size: two steps of FP32.
_FP32_STEPS = 2.4e-7

# The scale in which the numbers of an output are compared, a number that counts as 1: (name of the output, the framework's answers).
Scale = Callable[[str, np.ndarray], np.ndarray]


def by_spread(_name: str, expected: np.ndarray) -> np.ndarray:
    """The standard deviation of each column of answers; the size of answers that are all the same."""
    known = np.where(np.isfinite(expected), expected, np.nan)
    if not np.isfinite(known).any():
        return np.ones_like(expected)
    sizes = np.abs(np.nan_to_num(known))
    spread = np.nan_to_num(np.nanstd(known, axis=0)) if expected.ndim else np.zeros(())
    spread = np.broadcast_to(spread, expected.shape)
    # Answers that differ by rounding alone count as all the same.
    return np.where(spread > 1e-12 * sizes, spread, np.where(sizes > 0, sizes, 1.0))


def by_own_size(_name: str, expected: np.ndarray) -> np.ndarray:
    """The size of each answer, as the scale for rows that are far from each other."""
    sizes = np.abs(np.nan_to_num(np.where(np.isfinite(expected), expected, 0)))
    return np.maximum(sizes, np.finfo(np.float64).tiny)


def by_size(name: str, expected: np.ndarray) -> np.ndarray:
    """1 for probabilities; for predictions their size, or the largest if all are below 1."""
    sizes = np.abs(expected)
    # Per column, if a row has several: one may be a million times as large as another.
    largest = np.fmax.reduce(sizes, axis=0, initial=0.0)
    usual = np.where(largest > 0, np.minimum(1.0, largest), 1.0)
    return np.ones_like(expected) if name == "probabilities" else np.maximum(usual, sizes)


def difference(
    native: dict[str, np.ndarray], converted: dict[str, np.ndarray], tolerance: float = TOLERANCE, scale: Scale = by_spread
) -> tuple[float, str | None]:
    """The largest numeric difference, in the scale, and the reason why the answers do not agree; None when they do."""
    largest = 0.0
    for name, expected in native.items():
        found = converted[name]
        if found.shape != expected.shape:
            return largest, f"{name} has the shape {list(found.shape)} instead of {list(expected.shape)}"
        if expected.dtype.kind == "f":
            apart = _apart(name, expected, found, scale)
            largest = max(largest, apart)
            if not apart <= tolerance:
                measure = "of its spread" if scale is by_spread else "relative to its size"
                return largest, f"{name} differs by {apart:.2g} {measure}; the limit is {tolerance:g}"
        else:
            rows = np.flatnonzero(np.asarray(expected != found).reshape(len(expected), -1).any(axis=1))
            if len(rows) > 0:
                return largest, f"{name} differs in {len(rows)} of {len(expected)} rows, first in row {rows[0]}"
    return largest, None


def _apart(name: str, expected: np.ndarray, found: np.ndarray, scale: Scale) -> float:
    """The largest difference in the scale. NaN and infinities are all null in JSON, and so the same."""
    if expected.size == 0:
        return 0.0
    rounding = _FP32_STEPS if expected.dtype.itemsize == 4 else 0.0
    numbers, others = expected.astype(np.float64), found.astype(np.float64)
    is_number = np.isfinite(numbers)
    if not np.array_equal(is_number, np.isfinite(others)):
        return float("inf")
    if not is_number.any():
        return 0.0
    scales = scale(name, numbers)[is_number]
    numbers, others = numbers[is_number], others[is_number]
    return float(np.max(np.maximum(0.0, np.abs(numbers - others) - rounding * np.abs(numbers)) / scales))
