from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any, Callable, Iterable, Iterator

import numpy as np

from ..config import Facts
from ..conversion.native import CATEGORIES, Conversion, graph_of_rows, width_of
from ..model import Model, matrix, plain, stacked
from ..values.tensors import Signature, TensorSpec

PLATFORM = "catboost_cbm"
AHEAD = ("catboost",)
REFUSES_UNKNOWN = False
# The prediction type that CatBoostRegressor uses for these losses; the generic CatBoost class answers the trees' sum.
_NUMBERS = {"Poisson": "Exponent", "Tweedie": "Exponent", "RMSEWithUncertainty": "RMSEWithUncertainty"}
# Multilabel losses: a row may have several labels, or none.
_SEVERAL = ("MultiLogloss", "MultiCrossEntropy")


def load(path: str, facts: Facts) -> Model:
    import catboost

    model = catboost.CatBoost()
    model.load_model(path)
    return own_model(model, facts)


def own_model(model: Any, facts: Facts) -> Model:
    """The model of a booster, also for CatBoost's scikit-learn classes, which do not expose their features as scikit-learn does."""
    names = [str(name) for name in model.feature_names_]
    categories = set(model.get_cat_feature_indices())
    texts = categories.union(model.get_text_feature_indices())
    is_unnamed = names == [str(index) for index in range(len(names))]
    declared = facts.signature.inputs if facts.signature and facts.signature.inputs else None
    inputs = declared or (
        matrix(len(names))
        if is_unnamed and not texts
        else tuple(TensorSpec(name, "BYTES" if index in texts else "FP64", (-1,)) for index, name in enumerate(names))
    )
    is_named = len(inputs) > 1 or (inputs[0].shape is not None and len(inputs[0].shape) == 1)
    classes = plain(model.classes_) if len(model.classes_) > 0 else None
    is_boolean = lru_cache(None)(lambda index: _is_boolean(model, index))
    numbers = _number_kind(model)
    has_labels = _loss_of(model).startswith(_SEVERAL)

    def predict(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        ordered = {name: arrays[name] for name in names} if is_named and set(names) == arrays.keys() else arrays
        rows = _objects(list(ordered.values()), categories, is_boolean) if texts else stacked(ordered)
        if classes is None:
            return {"prediction": plain(model.predict(rows, prediction_type=numbers, thread_count=1))}
        probabilities = np.asarray(model.predict(rows, prediction_type="Probability", thread_count=1))
        if has_labels:
            return {"label": plain(model.predict(rows, prediction_type="Class", thread_count=1)), "probabilities": probabilities}
        return {"label": classes[probabilities.argmax(axis=1)], "probabilities": probabilities}

    # CatBoost compares categories as text, a number by its digits.
    taken = tuple(replace(spec, is_category=spec.datatype == "BYTES") for spec in inputs)
    return Model(Signature(taken, facts.signature.outputs if facts.signature else ()), predict, is_named, native=model)


def _loss_of(model: Any) -> str:
    return str(model.get_all_params().get("loss_function", ""))


def _number_kind(model: Any) -> str:
    """The prediction type of a model without classes."""
    return next((kind for name, kind in _NUMBERS.items() if _loss_of(model).startswith(name)), "RawFormulaVal")


def names(part: Any) -> Iterable[Any]:
    return getattr(part, "feature_names_in_", ())


def categories(_part: Any) -> dict[str, np.ndarray]:
    return {}


def thresholds(model: Any, _width: int) -> Iterator[tuple[int, float]]:
    try:
        borders = model.get_borders()
    except Exception:
        return
    numbers = _numbers(model)
    for position, values in borders.items():
        if int(position) < len(numbers):
            yield from ((numbers[int(position)], value) for value in values)


def _numbers(model: Any) -> list[int]:
    others = {*model.get_cat_feature_indices(), *model.get_text_feature_indices()}
    return [index for index in range(len(model.feature_names_)) if index not in others]


def conversions(model: Model) -> Iterator[Conversion]:
    convert = lambda nodes, rows, names: _convert(nodes, model.native, rows, names)
    yield "FP64", lambda: graph_of_rows(width_of(model.signature.inputs), convert, model.signature.outputs)


def _convert(nodes: Any, native: Any, rows: str, outputs: list[str]) -> None:
    from ..conversion.catboost_trees import answer

    if len(_numbers(native)) < len(native.feature_names_):
        raise ValueError(CATEGORIES)
    kind = _number_kind(native)
    if kind not in ("RawFormulaVal", "Exponent"):
        raise ValueError(f"it answers {kind}, for which there is no conversion")
    answer(nodes, native, rows, kind == "Exponent", outputs)


def register_converters() -> None:
    """A pipeline that ends in a CatBoost class is not converted."""


def _objects(columns: list[np.ndarray], categories: set[int], is_boolean: Callable[[int], bool]) -> np.ndarray:
    """Rows of mixed values: CatBoost takes a category as text or an integer, and everything else as a number."""
    rows = np.empty((len(columns[0]), len(columns)), dtype=object)
    for index, column in enumerate(columns):
        is_number = index in categories and column.dtype.kind == "f"
        rows[:, index] = column.reshape(len(column)).astype(np.int64 if is_number else column.dtype)
        written = [_BOOLEANS.get(value) for value in rows[:, index]] if index in categories and not is_number else []
        if any(written) and is_boolean(index):
            rows[:, index] = [value or same for value, same in zip(written, rows[:, index])]
    return rows


# CatBoost trains on the booleans of a table as 1 and 0, and takes any of these texts for another category.
_BOOLEANS = {"True": "1", "true": "1", "TRUE": "1", "False": "0", "false": "0", "FALSE": "0"}
_PROBES = 16


def _is_boolean(model: Any, index: int) -> bool:
    """Whether the model distinguishes 1 and 0 in this column from a category that it has never seen, but none of the words. The model keeps only hashes of its categories, so this asks it."""
    values = ["1", "0", *_BOOLEANS, "no category\0"]
    rows = np.full((len(values), _PROBES, len(model.feature_names_)), "", dtype=object)
    for position in _numbers(model):
        rows[:, :, position] = 0.0
    for position, borders in _by_position(thresholds(model, 0)).items():
        rows[:, :, position] = [borders[probe * 7 % len(borders)] for probe in range(_PROBES)]
    rows[:, :, index] = np.array(values, dtype=object)[:, None]
    answers = np.asarray(model.predict(rows.reshape(-1, rows.shape[2]), prediction_type="RawFormulaVal", thread_count=1))
    told = answers.reshape(len(values), -1)
    knows = [bool((each != told[-1]).any()) for each in told]
    return any(knows[:2]) and not any(knows[2:])


def _by_position(borders: Iterable[tuple[int, float]]) -> dict[int, list[float]]:
    found: dict[int, list[float]] = {}
    for position, border in borders:
        found.setdefault(position, []).append(border)
    return found
