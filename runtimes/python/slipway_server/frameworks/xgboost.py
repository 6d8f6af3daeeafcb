from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any, Iterable, Iterator

import numpy as np

from ..adapters.columns import column, with_missing
from ..adapters.estimator import estimator_model
from ..config import Facts
from ..conversion.native import Conversion, graph_of_rows, register_classes, width_of
from ..model import Model, coded, codes_of, matrix, refuse_unknown, stacked
from ..values.tensors import Signature

PLATFORM = "xgboost_booster"
AHEAD = ("xgboost",)
REFUSES_UNKNOWN = True
_BOOSTER = "xgboost.core.Booster"
_CLASSES = ("XGBClassifier", "XGBRegressor", "XGBRanker", "XGBRFClassifier", "XGBRFRegressor", "XGBModel")


def load(path: str, facts: Facts) -> Model:
    """The library's own Booster: its scikit-learn classes would need scikit-learn, and 1 s of CPU to import it. They are only used for an MLflow model that names one."""
    import xgboost

    model_class = (facts.data and facts.data.model_class) or _BOOSTER
    if model_class != _BOOSTER:
        return _class_model(path, model_class, facts)
    booster = xgboost.Booster()
    booster.load_model(path)
    return booster_model(booster, facts)


def _class_model(path: str, model_class: str, facts: Facts) -> Model:
    import xgboost

    name = model_class.rsplit(".", 1)[-1]
    if name not in _CLASSES:
        raise ValueError(f"XGBoost has no class {model_class} that is saved so")
    estimator = getattr(xgboost, name)()
    estimator.load_model(path)
    return estimator_model(estimator, facts)


def own_model(value: Any, facts: Facts) -> Model | None:
    """The model of a booster, which takes XGBoost's own matrices; None for the classes of scikit-learn's interface, which do not."""
    return None if hasattr(value, "get_booster") else booster_model(value, facts)


def names(part: Any) -> Iterable[Any]:
    if hasattr(part, "get_booster"):
        return getattr(part, "feature_names_in_", ())
    return part.feature_names or ()


def categories(part: Any) -> dict[str, np.ndarray]:
    return categories_of(_booster_of(part))


def thresholds(model: Any, _width: int) -> Iterator[tuple[int, float]]:
    booster = _booster_of(model)
    known = {name: index for index, name in enumerate(booster.feature_names or [])}

    def walk(node: dict[str, Any]) -> Iterator[tuple[int, float]]:
        if "children" not in node:
            return
        name = str(node["split"])
        index = known[name] if name in known else int(re.sub(r"\D", "", name) or -1)
        if isinstance(node.get("split_condition"), (int, float)):
            yield index, node["split_condition"]
        for child in node["children"]:
            yield from walk(child)

    try:
        trees = booster.get_dump(dump_format="json")
    except Exception:
        # Up to 3.1, XGBoost cannot write down trees whose leaves have several values.
        return
    for tree in trees:
        yield from walk(json.loads(tree))


def conversions(model: Model) -> Iterator[Conversion]:
    convert = lambda nodes, rows, names: _convert(nodes, model.native, rows, names)
    yield "FP32", lambda: graph_of_rows(width_of(model.signature.inputs), convert, model.signature.outputs)


def _convert(nodes: Any, native: Any, rows: str, outputs: list[str]) -> None:
    from ..conversion.xgboost_trees import answer_rows, classified

    booster = _booster_of(native)
    missing = getattr(native, "missing", None)
    if missing is not None and not np.isnan(missing):
        raise ValueError(f"it takes {missing} for missing, for which there is no conversion")
    rounds = best_rounds(booster) if native is booster else getattr(native, "best_iteration", -1) + 1
    if len(outputs) == 2:
        classified(nodes, booster, rows, rounds, getattr(native, "classes_", None), outputs)
    elif outputs == ["label"]:
        raise ValueError("it answers labels alone, for which there is no conversion")
    else:
        nodes.add("Identity", answer_rows(nodes, booster, rows, rounds)[0], out=outputs[0])


def register_converters() -> None:
    import xgboost

    register_classes(xgboost, "XGB", _convert)


def _booster_of(value: Any) -> Any:
    return value.get_booster() if hasattr(value, "get_booster") else value


def best_rounds(booster: Any) -> int:
    """How many rounds of trees to use: up to the best one, if a scikit-learn class saved it and training stopped early; else 0, which means all."""
    attributes = booster.attributes()
    best = attributes.get("best_iteration")
    is_linear = json.loads(booster.save_config())["learner"]["gradient_booster"]["name"] == "gblinear"
    return 0 if best is None or is_linear or "scikit_learn" not in attributes else int(best) + 1


def booster_model(booster: Any, facts: Facts) -> Model:
    import xgboost

    booster.set_param({"nthread": 1})
    config = json.loads(booster.save_config())
    objective = config["learner"]["objective"]["name"]
    names, types = booster.feature_names, booster.feature_types
    # Not a slice of the booster: in 3.1 and 3.2 a slice loses its categories.
    rounds = (0, best_rounds(booster))
    declared = facts.signature.inputs if facts.signature and facts.signature.inputs else None
    categories = categories_of(booster)
    codes = {name: codes_of(values.tolist()) for name, values in categories.items()}
    declared = declared and tuple(with_missing(spec, categories.get(spec.name)) for spec in declared)
    inputs = declared or (
        tuple(column(name, categories.get(name)) for name in names) if names else matrix(booster.num_features())
    )
    is_named = len(inputs) > 1 or (inputs[0].shape is not None and len(inputs[0].shape) == 1)

    def predict(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        rows = stacked({name: _coded(name, arrays[name], codes.get(name)) for name in names} if names and is_named else arrays)
        data = xgboost.DMatrix(rows.astype(np.float32, copy=False), feature_names=names, feature_types=types, nthread=1)
        return answers(objective, booster.predict(data, iteration_range=rounds))

    return Model(Signature(inputs, facts.signature.outputs if facts.signature else ()), predict, is_named, native=booster)


# XGBoost's type codes for typed integer arrays.
_INTEGERS = {9: "int8", 10: "uint8", 11: "int16", 12: "uint16", 13: "int32", 14: "uint32", 15: "int64", 16: "uint64"}
_CATEGORIES, _BEHIND = b'"cats":', b',"gbtree_model_param"'


@lru_cache(1)
def categories_of(booster: Any) -> dict[str, np.ndarray]:
    """
    For columns that were categorical in a table, the category of each code: texts or integers. XGBoost keeps them from 3.1 on.
    Raises ValueError if it has truncated texts: up to 3.3 it counts characters instead of bytes.
    """
    names = booster.feature_names or []
    if "c" not in (booster.feature_types or []):
        return {}
    # Saves the whole booster, since a slice has no categories in 3.1 and 3.2. The trees that follow are not parsed.
    raw = booster.save_raw("json")
    start = raw.find(_CATEGORIES)
    kept = json.loads(raw[start + len(_CATEGORIES) : raw.find(_BEHIND, start)])["enc"] if start >= 0 else []
    categories = {name: _categories(name, each) for name, each in zip(names, kept)}
    return {name: values for name, values in categories.items() if len(values) > 0}


def _categories(name: str, kept: dict[str, Any]) -> np.ndarray:
    if "type" in kept:
        return np.array(kept["values"], dtype=_INTEGERS[kept["type"]])
    text = bytes(byte % 256 for byte in kept["values"])
    ends = kept["offsets"]
    if not text.isascii() and _cuts_texts():
        raise ValueError(
            f'the categories of its column "{name}" are cut short: up to 3.3 XGBoost loses the end of texts that are not ASCII; '
            "train it by XGBoost 3.4 or later, or on categories in ASCII"
        )
    return np.array([text[start:end].decode() for start, end in zip(ends, ends[1:])], dtype=object)


def _cuts_texts() -> bool:
    import xgboost

    return tuple(map(int, xgboost.__version__.split(".")[:2])) < (3, 4)


def _coded(name: str, array: np.ndarray, codes: dict[Any, float] | None) -> np.ndarray:
    if codes:
        refuse_unknown(name, array, codes)
    return coded(array, codes)


def answers(objective: str, values: np.ndarray) -> dict[str, np.ndarray]:
    """The label, as a class number, and the probabilities of all classes for a classifier; the prediction for any other model."""
    if objective == "binary:logistic" and values.ndim == 2:
        # A row may have several of these labels: the probability of each, as in `predict_proba`.
        return {"label": (values > 0.5).astype(np.int64), "probabilities": values}
    if objective == "binary:logistic":
        return {"label": (values > 0.5).astype(np.int64), "probabilities": np.column_stack([1 - values, values])}
    if objective == "multi:softprob":
        return {"label": values.argmax(axis=1).astype(np.int64), "probabilities": values}
    if objective == "multi:softmax":
        return {"label": values.astype(np.int64)}
    if objective == "binary:hinge":
        return {"label": values.astype(np.int64)}
    return {"prediction": values}
