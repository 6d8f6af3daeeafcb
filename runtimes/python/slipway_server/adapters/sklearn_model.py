from __future__ import annotations

from ..allowlist import Allowlist
from ..config import Facts
from ..model import Model
from ..pickles import unpickle
from .estimator import estimator_model


def load(path: str, facts: Facts) -> Model:
    """A pickle, or what joblib wrote, which is one in most cases but for its arrays or its compression."""
    return estimator_model(unpickle(path, Allowlist(facts.allowed)), facts)
