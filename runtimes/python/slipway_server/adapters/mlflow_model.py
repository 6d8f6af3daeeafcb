from __future__ import annotations

import os
import pickle
from typing import Any, Callable

import numpy as np

from ..config import Facts
from ..model import Model
from ..tensors import Signature
from . import catboost_model, lightgbm_model, sklearn_model, xgboost_model
from .code_model import given
from .estimator import estimator_model
from .user_code import outputs_of


def load(path: str, facts: Facts) -> Model:
    """By the flavour's own loader where there is one: importing mlflow costs 1.8 s of CPU, so only a python_function of the user's does."""
    import yaml

    with open(os.path.join(path, "MLmodel"), encoding="utf-8") as file:
        flavors: dict[str, dict[str, Any]] = yaml.safe_load(file)["flavors"]
    own = next((name for name in _LOADERS if name in flavors), None)
    if own is None:
        return _python_function(path, facts)
    return _LOADERS[own](path, flavors[own], facts)


def _sklearn(path: str, flavor: dict[str, Any], facts: Facts) -> Model:
    file = os.path.join(path, flavor["pickled_model"])
    if flavor.get("serialization_format") == "skops":
        from . import skops_model

        return skops_model.load(file, facts)
    return estimator_model(sklearn_model.unpickle(file), facts)


def _xgboost(path: str, flavor: dict[str, Any], facts: Facts) -> Model:
    return _booster(path, flavor, facts, "xgboost.core.Booster", xgboost_model.load, "xgboost")


def _lightgbm(path: str, flavor: dict[str, Any], facts: Facts) -> Model:
    return _booster(path, flavor, facts, "lightgbm.basic.Booster", lightgbm_model.load, "lightgbm")


def _catboost(path: str, flavor: dict[str, Any], facts: Facts) -> Model:
    return catboost_model.load(os.path.join(path, flavor["data"]), facts)


_LOADERS = {"sklearn": _sklearn, "xgboost": _xgboost, "lightgbm": _lightgbm, "catboost": _catboost}


def _booster(
    path: str,
    flavor: dict[str, Any],
    facts: Facts,
    native: str,
    load_native: Callable[[str, Facts], Model],
    module: str,
) -> Model:
    """The file is a Booster's, or that of a class in the manner of scikit-learn, as `model_class` says."""
    file = os.path.join(path, flavor["data"])
    model_class = str(flavor.get("model_class") or native)
    if file.endswith(".skops"):
        from . import skops_model

        return skops_model.load(file, facts)
    if file.endswith((".pkl", ".pickle")):
        with open(file, "rb") as pickled:
            return estimator_model(pickle.load(pickled), facts)
    if model_class == native or module == "lightgbm":
        return load_native(file, facts)
    import xgboost

    estimator = getattr(xgboost, model_class.rsplit(".", 1)[-1])()
    estimator.load_model(file)
    return estimator_model(estimator, facts)


def _python_function(path: str, facts: Facts) -> Model:
    import mlflow.pyfunc

    model = mlflow.pyfunc.load_model(path)
    signature = facts.signature or Signature((), ())

    def answer(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return outputs_of(model.predict(given(arrays, facts)), signature.outputs)

    def invoke(body: bytes, content_type: str, _accept: str) -> tuple[bytes, str]:
        from ..bodies import json_answer, value_of

        return json_answer(model.predict(value_of(body, content_type)))

    return Model(signature, answer, facts.takes_columns, is_code=True, invoke=None if signature.inputs else invoke)
