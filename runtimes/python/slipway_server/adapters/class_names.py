from __future__ import annotations

from typing import Any

import numpy as np

from ..values.tensors import TensorSpec

# Nobody reads a longer list, and a model's metadata has all of it.
_MOST = 1_000


def class_names_of(native: Any) -> list[str]:
    """The names of a classifier's classes, in the order of its probabilities; empty for any other model, and for a classifier of several answers."""
    try:
        classes = np.asarray(getattr(native, "classes_", ()))
        return [str(each) for each in classes.tolist()] if classes.ndim == 1 and len(classes) <= _MOST else []
    except Exception:
        # The class may be the user's own, and answer with anything.
        return []


def labels_for(spec: TensorSpec, names: list[str]) -> list[str]:
    """The names of an output's columns, where it has a number for each class."""
    return names if len(names) > 1 and spec.shape is not None and len(spec.shape) == 2 and spec.shape[1] == len(names) else []
