from __future__ import annotations

import json
from typing import Any

import numpy as np

from ..config import Facts
from ..model import Model, matrix, stacked
from ..tensors import Signature, TensorSpec


def load(path: str, facts: Facts) -> Model:
    """The library's own Booster: its classes in the manner of scikit-learn would need scikit-learn, and 1 s of CPU to import it."""
    import xgboost

    booster = xgboost.Booster()
    booster.load_model(path)
    return booster_model(best_of(booster), facts)


def best_of(booster: Any) -> Any:
    """What XGBoost's classes in the manner of scikit-learn saved answers with its trees up to the best iteration, where training stopped early; a Booster's own with all."""
    attributes = booster.attributes()
    best = attributes.get("best_iteration")
    is_linear = json.loads(booster.save_config())["learner"]["gradient_booster"]["name"] == "gblinear"
    return booster if best is None or is_linear or "scikit_learn" not in attributes else booster[: int(best) + 1]


def booster_model(booster: Any, facts: Facts) -> Model:
    import xgboost

    booster.set_param({"nthread": 1})
    config = json.loads(booster.save_config())
    objective = config["learner"]["objective"]["name"]
    names, types = booster.feature_names, booster.feature_types
    declared = facts.signature.inputs if facts.signature and facts.signature.inputs else None
    inputs = declared or (
        tuple(TensorSpec(name, "FP64", (-1,)) for name in names) if names else matrix(booster.num_features())
    )
    is_named = len(inputs) > 1 or (inputs[0].shape is not None and len(inputs[0].shape) == 1)

    def predict(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        rows = stacked({name: arrays[name] for name in names} if names and is_named else arrays)
        data = xgboost.DMatrix(rows.astype(np.float32, copy=False), feature_names=names, feature_types=types, nthread=1)
        return answers(objective, booster.predict(data))

    return Model(Signature(inputs, facts.signature.outputs if facts.signature else ()), predict, is_named, native=booster)


def answers(objective: str, values: np.ndarray) -> dict[str, np.ndarray]:
    """Of a classifier its label, a number of the class, and the probabilities of all classes; of any other the prediction."""
    if objective == "binary:logistic":
        return {"label": (values > 0.5).astype(np.int64), "probabilities": np.column_stack([1 - values, values])}
    if objective == "multi:softprob":
        return {"label": values.argmax(axis=1).astype(np.int64), "probabilities": values}
    if objective == "multi:softmax":
        return {"label": values.astype(np.int64)}
    if objective == "binary:hinge":
        return {"label": values.astype(np.int64)}
    return {"prediction": values}
