"""One model of the sweep: how it is made, and the rows that it is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable

import joblib
import numpy as np


@dataclass(frozen=True)
class Made:
    """A fitted model. `asked` maps rows to the framework's answers by output name; without it, they are those of scikit-learn's interface."""

    model: Any
    data: "Data"
    asked: Callable[[Any], dict[str, Any]] | None = None


@dataclass(frozen=True)
class Data:
    """Rows to fit on and rows of the same kind that the model has not seen, with the classes and the numbers of the former."""

    fitted: Any
    unseen: Any
    classes: np.ndarray
    numbers: np.ndarray


@dataclass(frozen=True)
class Case:
    """`make(rng)` fits the model, `save(model, path)` writes it to a path that ends in `ending`."""

    name: str
    family: str
    make: Callable[[np.random.Generator], Made]
    ending: str = ".joblib"
    save: Callable[[Any, str], None] = joblib.dump


def fitted(model: Any, data: Data, target: str | None) -> Made:
    """`target` is `classes`, `numbers` or None for a model that learns from rows alone."""
    return Made(model.fit(data.fitted, None if target is None else getattr(data, target)), data)
