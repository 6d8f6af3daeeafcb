"""The answers of the framework itself."""

from __future__ import annotations

import warnings
from typing import Any, Callable

import numpy as np
from sklearn.base import is_classifier

# Each output's name on the server, and the method that answers it.
_OUTPUTS = (
    ("label", "predict"),
    ("prediction", "predict"),
    ("probabilities", "predict_proba"),
    ("transformed", "transform"),
    ("score", "score_samples"),
)


def answers_of(model: Any) -> Callable[[Any], dict[str, Any]]:
    """Rows to the answers of scikit-learn's methods, by output name; each an array with a row per row. Raises as the framework does."""

    def asked(rows: Any) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, method in _OUTPUTS:
            if hasattr(model, method):
                found[name] = _one_each(model, plain(getattr(model, method)(rows)))
        if not (is_classifier(model) or _is_whole(found.get("label"))):
            found.pop("label", None)
        if not found and hasattr(model, "kneighbors"):
            found["distances"], found["indices"] = model.kneighbors(rows)
        if not found:
            raise TypeError(f"{type(model).__name__} answers for no new row")
        return {name: each for name, each in found.items() if isinstance(each, np.ndarray)}

    return quietly(asked)


def _one_each(model: Any, answer: Any) -> Any:
    """CatBoost answers each row by a list of one label where there are more than two classes."""
    is_list = type(model).__module__.startswith("catboost") and getattr(answer, "shape", ())[1:] == (1,)
    return answer[:, 0] if is_list else answer


def _is_whole(answer: Any) -> bool:
    return isinstance(answer, np.ndarray) and answer.dtype.kind != "f"


def quietly(asked: Callable[[Any], dict[str, Any]]) -> Callable[[Any], dict[str, Any]]:
    def ask(rows: Any) -> dict[str, Any]:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return asked(rows)

    return ask


def plain(answer: Any) -> Any:
    """A dense array; anything else stays as it is."""
    if hasattr(answer, "toarray"):
        answer = answer.toarray()
    return np.asarray(answer) if hasattr(answer, "__array__") else answer
