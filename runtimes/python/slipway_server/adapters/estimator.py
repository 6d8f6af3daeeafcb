"""The answers of every object with scikit-learn's interface, whatever file it came from."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import numpy as np

from ..config import Facts
from ..frameworks import framework_of
from ..model import Model, answers, matrix, plain, refuse_unknown, side_by_side, stacked
from ..values.tensors import Signature, TensorSpec, is_missing
from .columns import (
    TEXTS,
    categories_of,
    column,
    cuts_texts,
    learned_of,
    missing_of,
    names_given,
    names_of,
    parts_given,
    unread_of,
    whole_type,
    whole_type_of_matrix,
    with_missing,
)
from .other_answers import other_answers


def estimator_model(estimator: Any, facts: Facts) -> Model:
    own: Model | None = framework_of(estimator).own_model(estimator, facts)
    if own is not None:
        return own
    quiet(estimator)
    know_numbers(estimator)
    widen(estimator)
    inputs, takes_columns = _inputs_of(estimator, facts)
    ask = _asker(estimator, takes_columns)
    outputs = facts.signature.outputs if facts.signature else ()
    if not answers(estimator, "predict"):
        return Model(Signature(inputs, outputs), other_answers(estimator, ask), takes_columns, native=estimator)
    has_probabilities = answers(estimator, "predict_proba")
    name = "label" if has_probabilities or _is_of_classes(estimator) else "prediction"

    transform, last = _last_step(estimator) if has_probabilities else (None, estimator)
    classes = likeliest_of(estimator)

    def predict(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        rows = ask(arrays) if transform is None else transform(ask(arrays))
        if not has_probabilities:
            return {name: plain(last.predict(rows))}
        probabilities = last.predict_proba(rows)
        if isinstance(probabilities, list):
            # A multi-output classifier has separate classes per output, which do not fit in one array.
            return {name: plain(last.predict(rows))}
        labels = last.predict(rows) if classes is None else classes.take(np.argmax(probabilities, axis=1))
        return {name: plain(labels), "probabilities": plain(probabilities)}

    return Model(Signature(inputs, outputs), predict, takes_columns, native=estimator)


def likeliest_of(estimator: Any) -> np.ndarray | None:
    """The classes of a forest, or of a pipeline that ends in one: its label is the most probable class, the first of equals. Returns None for any other model."""
    _, last = _last_step(estimator)
    forest = getattr(sys.modules.get("sklearn.ensemble._forest"), "ForestClassifier", None)
    is_forest = forest is not None and isinstance(last, forest) and getattr(last, "n_outputs_", 0) == 1
    is_own = is_forest and all(getattr(type(last), each) is getattr(forest, each) for each in ("predict", "predict_proba"))
    return np.asarray(last.classes_) if is_own else None


def _last_step(estimator: Any) -> tuple[Any, Any]:
    """A pipeline's preprocessing and its last step: calling the whole pipeline for labels and for probabilities would preprocess the rows twice."""
    steps = getattr(estimator, "steps", [])
    if type(estimator).__module__ != "sklearn.pipeline" or len(steps) < 2 or not hasattr(steps[-1][1], "predict"):
        return None, estimator
    return _through([step for _, step in steps[:-1] if step not in (None, "passthrough")]), steps[-1][1]


def _through(steps: list[Any]) -> Any:
    """Goes through the steps like the pipeline's own predict_proba. A pipeline made of a part of them would check whether it is fitted, and a step with nothing to learn need not be."""

    def transform(rows: Any) -> Any:
        for step in steps:
            rows = step.transform(rows)
        return rows

    return transform


def _is_of_classes(estimator: Any) -> bool:
    kind = getattr(estimator, "_estimator_type", None)
    return kind in ("classifier", "clusterer") or hasattr(estimator, "classes_") or hasattr(estimator, "cluster_centers_")


def quiet(estimator: Any) -> None:
    """Sets n_jobs to 1: for a request of one row, a forest that asks for all cores spends 30 ms on starting threads, for the same answer."""
    for part in parts_of(estimator):
        if getattr(part, "n_jobs", None) not in (None, 1):
            part.n_jobs = 1


def know_numbers(estimator: Any) -> None:
    """
    Lets encoders recognize numbers that an earlier step gave them as Python objects in training: a ColumnTransformer turns all columns into objects where one that it passes on is boolean.
    An encoder of objects fails on numbers, which those columns are in a request.
    """
    for part, _, is_direct in parts_given(estimator):
        learned = getattr(part, "categories_", None)
        if not is_direct and isinstance(learned, list):
            part.categories_ = [_as_numbers(values) for values in learned]


def widen(estimator: Any) -> None:
    """
    Turns the centers of clusters, and the components of a factorization, that were learned from rows of FP32 into FP64, which keeps their values.
    scikit-learn fails where rows differ from them in type, and the rows of requests are FP64.
    """
    for part in parts_of(estimator):
        _widen(part, "cluster_centers_")
        _widen(part, "components_")
        # A bisecting k-means decides by the tree of its splits.
        nodes = [getattr(part, "_bisecting_tree", None)]
        while nodes:
            node = nodes.pop()
            if node is not None:
                _widen(node, "center")
                nodes.extend([getattr(node, "left", None), getattr(node, "right", None)])


def _widen(holder: Any, name: str) -> None:
    values = getattr(holder, "__dict__", {}).get(name)
    if isinstance(values, np.ndarray) and values.dtype == np.float32:
        setattr(holder, name, values.astype(np.float64))


def _as_numbers(values: np.ndarray) -> np.ndarray:
    are_numbers = values.dtype.kind == "O" and whole_type(values) is None and all(isinstance(value, (int, float)) for value in values.tolist())
    return values.astype(np.float64) if are_numbers else values


def parts_of(estimator: Any) -> list[Any]:
    """A pipeline's steps, a column transformer's transformers and so on, each before its own parts."""
    found = [estimator]
    for _, part in [*getattr(estimator, "steps", []), *[each[:2] for each in getattr(estimator, "transformers_", [])]]:
        if part is not None and not isinstance(part, str):
            found.extend(parts_of(part))
    for name in ("best_estimator_", "estimator_", "base_estimator_", "final_estimator_"):
        if hasattr(estimator, name) and getattr(estimator, name) is not None:
            found.extend(parts_of(getattr(estimator, name)))
    return found


def _inputs_of(estimator: Any, facts: Facts) -> tuple[tuple[TensorSpec, ...], bool]:
    learned = learned_of(estimator)
    if facts.signature and facts.signature.inputs:
        declared = facts.signature.inputs
        if facts.takes_columns:
            return _with_unread(estimator, tuple(with_missing(spec, learned.get(spec.name)) for spec in declared)), True
        return tuple(_as_matrix_learned(estimator, spec) for spec in declared), False
    names = names_given(estimator)
    if names:
        return _with_unread(estimator, tuple(column(name, learned.get(name)) for name in names)), True
    if _takes_texts(estimator):
        return (TensorSpec(TEXTS, "BYTES", (-1,)),), False
    width = getattr(estimator, "n_features_in_", None)
    [spec] = matrix(None if width is None else int(width))
    return (_as_matrix_learned(estimator, spec),), False


def _with_unread(estimator: Any, inputs: tuple[TensorSpec, ...]) -> tuple[TensorSpec, ...]:
    """The values of a dropped column are unknown, since scikit-learn keeps only its name: it counts as numbers unless a signature says otherwise."""
    unread = unread_of(estimator, [spec.name for spec in inputs])
    return tuple(replace(spec, is_unread=spec.name in unread and spec.datatype == "FP64") for spec in inputs)


def _as_matrix_learned(estimator: Any, spec: TensorSpec) -> TensorSpec:
    is_matrix = spec.datatype == "FP64" and spec.shape is not None and len(spec.shape) == 2
    whole = whole_type_of_matrix(estimator, getattr(estimator, "n_features_in_", None)) if is_matrix else None
    return replace(spec, datatype=whole, takes_null=True) if whole else spec


def _takes_texts(estimator: Any) -> bool:
    """Whether rows are plain texts, rather than a table with text columns."""
    return any(cuts_texts(part) and columns == [TEXTS] for part, columns, _ in parts_given(estimator))


def _asker(estimator: Any, takes_columns: bool) -> Any:
    if not takes_columns:
        takes_texts = _takes_texts(estimator)
        return lambda arrays: arrays[TEXTS] if takes_texts else stacked(arrays)
    names = names_of(estimator)
    missing = missing_of(estimator)
    if not names and names_given(estimator):
        return lambda arrays: side_by_side({name: _as_fitted(array, missing.get(name, np.nan)) for name, array in arrays.items()})
    try:
        import pandas
    except ModuleNotFoundError:
        return stacked
    # Columns of Python objects, even booleans: an encoder cannot look up numpy scalars among them.
    objects = {name for name, values in learned_of(estimator).items() if values.dtype.kind == "O"}
    categories = categories_of(estimator)
    dtypes = {name: pandas.CategoricalDtype(values) for name, (values, _) in categories.items()}
    strict = {name: dict.fromkeys(values.tolist()) for name, (values, is_strict) in categories.items() if is_strict}

    def frame(arrays: dict[str, np.ndarray]) -> Any:
        columns = {
            name: _as_fitted(array.reshape(len(array)).astype(object if name in objects else array.dtype, copy=False), missing.get(name, np.nan))
            for name, array in arrays.items()
        }
        for name, known in strict.items():
            refuse_unknown(name, columns[name], known)
        # pandas would turn a column with missing values into its own text type, or into floats.
        kept = {name: pandas.Series(array, dtype=object) if _has_missing(array) else array for name, array in columns.items()}
        table = pandas.DataFrame({name: kept[name] for name in names or kept})
        return table.astype(dtypes) if dtypes else table

    return frame


def _as_fitted(array: np.ndarray, missing: Any) -> np.ndarray:
    """The column of Python objects with its missing values as the estimator knows them: None or NaN."""
    if array.dtype.kind != "O":
        return array
    places = [at for at, value in enumerate(array.tolist()) if is_missing(value)]
    if not places:
        return array
    found = array.copy()
    found[places] = missing
    return found


def _has_missing(array: np.ndarray) -> bool:
    return array.dtype.kind == "O" and any(is_missing(value) or type(value).__name__ == "NAType" for value in array.tolist())
