"""The values at which a model decides: for each feature, those at which its trees split, or the range that it has learned."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..frameworks import framework_of


def thresholds_of(model: Any, width: int) -> list[np.ndarray]:
    """The values worth asking about for each of the model's own features, sorted; empty for a feature about which nothing is known."""
    found: list[list[float]] = [[] for _ in range(width)]
    for feature, value in framework_of(model).thresholds(model, width):
        if 0 <= feature < width and np.isfinite(value):
            found[feature].append(float(value))
    return [np.unique(np.array(values, dtype=np.float64)) for values in found]
