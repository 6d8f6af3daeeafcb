from __future__ import annotations

from ..config import Facts
from ..model import Model
from .estimator import estimator_model


def load(path: str, facts: Facts) -> Model:
    """Every type in the archive was judged when it was inspected; nothing else can be in it by now."""
    from skops import io

    return estimator_model(io.load(path, trusted=io.get_untrusted_types(file=path)), facts)
