from __future__ import annotations

from typing import Any, Iterable, Iterator

import numpy as np

from ..adapters.columns import are_made, column, learned_of, with_missing
from ..config import Facts
from ..conversion.native import CATEGORIES, Conversion, graph_of_rows, register_classes, width_of
from ..model import Model, coded, codes_of, matrix, stacked
from ..values.tensors import Signature, TensorSpec

PLATFORM = "lightgbm_text"
AHEAD = ("lightgbm",)
REFUSES_UNKNOWN = False


def load(path: str, facts: Facts) -> Model:
    """The library's own Booster, from a text file; needs neither scikit-learn nor pandas."""
    import lightgbm

    return booster_model(lightgbm.Booster(model_file=path), facts)


def booster_model(booster: Any, facts: Facts) -> Model:
    objective = objective_of(booster)
    names = booster.feature_name()
    declared = facts.signature.inputs if facts.signature and facts.signature.inputs else None
    categories = categories_of(booster)
    codes = {name: codes_of(values) for name, values in categories.items()}
    declared = declared and tuple(with_missing(spec, _array(categories.get(_plain(spec.name)))) for spec in declared)
    inputs = declared or (
        matrix(len(names)) if are_made(names) else tuple(_column(name, categories.get(name)) for name in names)
    )
    is_named = len(inputs) > 1 or (inputs[0].shape is not None and len(inputs[0].shape) == 1)

    def predict(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        known = {_plain(name): coded(array, codes.get(_plain(name))) for name, array in arrays.items()}
        rows = stacked({name: known[_plain(name)] for name in names} if is_named else arrays)
        # A second thread gains nothing for a few rows, and costs its start.
        values = booster.predict(rows.astype(np.float64, copy=False), num_threads=1)
        return answers(objective, np.asarray(values))

    return Model(Signature(inputs, facts.signature.outputs if facts.signature else ()), predict, is_named, native=booster)


def own_model(value: Any, facts: Facts) -> Model | None:
    """The model of a booster, which answers only numbers; None for LightGBM's scikit-learn classes, which name their answers."""
    return booster_model(value, facts) if hasattr(value, "model_to_string") else None


def names(part: Any) -> Iterable[Any]:
    # Up to 4.6, LightGBM's scikit-learn class asked its booster; from 4.7 on it has the names itself.
    booster = _booster_of(part)
    return booster.feature_name() if hasattr(booster, "feature_name") else getattr(part, "feature_names_in_", ())


def categories(part: Any) -> dict[str, np.ndarray]:
    return {name: np.array(values, dtype=object) for name, values in categories_of(_booster_of(part)).items()}


def thresholds(model: Any, _width: int) -> Iterator[tuple[int, float]]:
    def walk(node: dict[str, Any]) -> Iterator[tuple[int, float]]:
        if "split_feature" not in node:
            return
        if node["decision_type"] == "<=":
            yield node["split_feature"], node["threshold"]
        else:
            yield from ((node["split_feature"], float(code)) for code in str(node["threshold"]).split("||"))
        for child in ("left_child", "right_child"):
            yield from walk(node[child])

    for tree in _booster_of(model).dump_model()["tree_info"]:
        yield from walk(tree["tree_structure"])


def conversions(model: Model) -> Iterator[Conversion]:
    convert = lambda nodes, rows, names: _convert(nodes, model.native, rows, names)
    yield "FP64", lambda: graph_of_rows(width_of(model.signature.inputs), convert, model.signature.outputs)


def _convert(nodes: Any, native: Any, rows: str, outputs: list[str]) -> None:
    from ..conversion.lightgbm_trees import answer_rows, classified

    if learned_of(native):
        raise ValueError(CATEGORIES)
    booster = _booster_of(native)
    if len(outputs) == 2:
        classified(nodes, booster, rows, getattr(native, "classes_", None), outputs)
    else:
        nodes.add("Identity", answer_rows(nodes, booster, rows)[0], out=outputs[0])


def register_converters() -> None:
    import lightgbm

    register_classes(lightgbm, "LGBM", _convert)


def _booster_of(value: Any) -> Any:
    return getattr(value, "booster_", value)


def objective_of(booster: Any) -> str:
    """The objective in the file's form: "binary sigmoid:1", "multiclass num_class:3", "regression"."""
    for line in booster.model_to_string(num_iteration=1).splitlines():
        if line.startswith("objective="):
            return line[len("objective=") :].split(" ")[0]
    return ""


def answers(objective: str, values: np.ndarray) -> dict[str, np.ndarray]:
    if objective in ("binary", "cross_entropy"):
        labels = (values > 0.5).astype(np.int64)
        return {"label": labels, "probabilities": np.column_stack([1 - values, values])}
    if objective in ("multiclass", "multiclassova"):
        return {"label": values.argmax(axis=1).astype(np.int64), "probabilities": values}
    return {"prediction": values}


def categories_of(booster: Any) -> dict[str, list[Any]]:
    """The category of each code, for columns that were pandas categories."""
    categories = getattr(booster, "pandas_categorical", None) or []
    columns = _categorical(booster, booster.feature_name()) if categories else []
    if len(columns) != len(categories):
        raise ValueError(f"it has {len(categories)} columns of categories and {len(columns)} that are categorical: which is which it does not say")
    return dict(zip(columns, categories))


def _categorical(booster: Any, names: list[str]) -> list[str]:
    """The categorical columns, from the parameters or, in a file of 2.1, which has none, from the kinds of its splits."""
    lines = booster.model_to_string(num_iteration=1).splitlines()
    listed = next((line for line in lines if line.startswith("[categorical_feature: ")), None)
    if listed is not None:
        return [names[int(index)] for index in listed[len("[categorical_feature: ") : -1].split(",") if index.strip()]
    infos = next((line[len("feature_infos=") :].split(" ") for line in lines if line.startswith("feature_infos=")), [])
    return [name for name, info in zip(names, infos) if not info.startswith("[") and info != "none"]


def _column(name: str, categories: list[Any] | None) -> TensorSpec:
    return column(name, _array(categories))


def _array(categories: list[Any] | None) -> np.ndarray | None:
    return np.array(categories, dtype=object) if categories else None


# Names in a file have no spaces.
def _plain(name: str) -> str:
    return name.replace(" ", "_")
