"""The answers of estimators without `predict`: a transformer returns the rows that it makes, for example."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from ..model import answers, plain
from ..refusal import Refusal

Predict = Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]

# The methods that answer for new rows, and the names of the values that each returns.
_METHODS = (
    ("transform", ("transformed",)),
    ("kneighbors", ("distances", "indices")),
    ("score_samples", ("score",)),
)


def other_answers(estimator: Any, ask: Callable[[dict[str, np.ndarray]], Any]) -> Predict:
    """The answers of an estimator without `predict`. `ask` makes the rows that the estimator takes. A sparse matrix is answered as a dense one. Refuses with 400 if no method answers for a new row."""
    found = next(((method, names) for method, names in _METHODS if answers(estimator, method)), None)
    if found is None:
        kind = type(estimator).__name__
        raise Refusal(400, f"{kind} has none of predict, {', '.join(method for method, _ in _METHODS)}, so it answers for no row but those that it was fitted on")
    method, names = found

    def predict(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        answer = getattr(estimator, method)(ask(arrays))
        parts = answer if isinstance(answer, tuple) else (answer,)
        return {name: plain(_whole(part)) for name, part in zip(names, parts)}

    return predict


def _whole(answer: Any) -> Any:
    return answer.toarray() if hasattr(answer, "toarray") else answer
