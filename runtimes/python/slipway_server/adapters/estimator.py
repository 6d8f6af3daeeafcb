"""What every object in the manner of scikit-learn answers, whichever file it came from."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..config import Facts
from ..model import Model, matrix, plain, spec_like, stacked
from ..tensors import Signature, TensorSpec


def estimator_model(estimator: Any, facts: Facts) -> Model:
    quiet(estimator)
    inputs, takes_columns = _inputs_of(estimator, facts)
    ask = _asker(estimator, takes_columns)
    has_probabilities = _answers(estimator, "predict_proba")
    name = "label" if has_probabilities or getattr(estimator, "_estimator_type", None) in ("classifier", "clusterer") else None
    name = name or ("label" if getattr(estimator, "classes_", None) is not None or hasattr(estimator, "cluster_centers_") else "prediction")

    def predict(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        rows = ask(arrays)
        outputs = {name: plain(estimator.predict(rows))}
        if has_probabilities:
            outputs["probabilities"] = plain(estimator.predict_proba(rows))
        return outputs

    return Model(Signature(inputs, facts.signature.outputs if facts.signature else ()), predict, takes_columns, native=estimator)


def quiet(estimator: Any) -> None:
    """One job each: a request of one row spends 30 ms in starting threads for a forest that asks for all cores, and answers the same."""
    for part in parts_of(estimator):
        if getattr(part, "n_jobs", None) not in (None, 1):
            part.n_jobs = 1


def parts_of(estimator: Any) -> list[Any]:
    """A pipeline's steps, a column transformer's transformers and so on, each before what it holds."""
    found = [estimator]
    for _, part in [*getattr(estimator, "steps", []), *[each[:2] for each in getattr(estimator, "transformers_", [])]]:
        if part is not None and not isinstance(part, str):
            found.extend(parts_of(part))
    for name in ("best_estimator_", "estimator_", "base_estimator_", "final_estimator_"):
        if hasattr(estimator, name) and getattr(estimator, name) is not None:
            found.extend(parts_of(getattr(estimator, name)))
    return found


def _inputs_of(estimator: Any, facts: Facts) -> tuple[tuple[TensorSpec, ...], bool]:
    if facts.signature and facts.signature.inputs:
        return facts.signature.inputs, facts.takes_columns
    names = getattr(estimator, "feature_names_in_", None)
    if names is not None:
        texts = _text_columns(estimator)
        return tuple(TensorSpec(str(name), "BYTES" if name in texts else "FP64", (-1,)) for name in names), True
    width = getattr(estimator, "n_features_in_", None)
    return matrix(None if width is None else int(width)), False


def _text_columns(estimator: Any) -> set[str]:
    """The columns that an encoder has learned words from."""
    found: set[str] = set()
    for part in parts_of(estimator):
        for _, transformer, columns in getattr(part, "transformers_", []):
            for inner in parts_of(transformer) if not isinstance(transformer, str) else []:
                learned = getattr(inner, "categories_", [])
                words = [values for values in learned if np.asarray(values).dtype.kind in "OU"]
                if words and len(learned) == len(columns):
                    found.update(name for name, values in zip(columns, learned) if np.asarray(values).dtype.kind in "OU")
    return found


def _asker(estimator: Any, takes_columns: bool) -> Any:
    if not takes_columns:
        return lambda arrays: stacked(arrays)
    try:
        import pandas
    except ModuleNotFoundError:
        return stacked
    order = getattr(estimator, "feature_names_in_", None)
    names = None if order is None else [str(name) for name in order]

    def frame(arrays: dict[str, np.ndarray]) -> Any:
        columns = {name: array.reshape(len(array)) for name, array in arrays.items()}
        return pandas.DataFrame(columns if names is None else {name: columns[name] for name in names})

    return frame


def _answers(estimator: Any, method: str) -> bool:
    try:
        return callable(getattr(estimator, method, None))
    except Exception:
        return False
