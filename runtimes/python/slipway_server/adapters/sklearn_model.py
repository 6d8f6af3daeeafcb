from __future__ import annotations

import pickle

from ..config import Facts
from ..model import Model
from .estimator import estimator_model


def load(path: str, facts: Facts) -> Model:
    """A pickle, or what joblib wrote, which is one in most cases but for its arrays or its compression."""
    return estimator_model(unpickle(path), facts)


def unpickle(path: str) -> object:
    try:
        import joblib
    except ModuleNotFoundError:
        with open(path, "rb") as file:
            return pickle.load(file)
    return joblib.load(path)
