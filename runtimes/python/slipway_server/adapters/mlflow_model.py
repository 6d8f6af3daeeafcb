from __future__ import annotations

import numpy as np

from ..bodies import code_answer, value_of
from ..config import Facts
from ..model import Model
from ..streams import Content
from ..tensors import Signature
from .code_model import given
from .data_file import LOADERS, file_within
from .estimator import estimator_model
from .user_code import outputs_of


def load(path: str, facts: Facts) -> Model:
    """By the loader of the flavour that inspection found: importing mlflow costs 1.8 s of CPU, so only a python_function of the user's does. Its MLmodel is not read again."""
    if facts.data is None:
        return _python_function(path, facts)
    file = file_within(path, facts.data.file)
    model_class = facts.data.model_class or _BOOSTER
    if facts.data.format != "xgboost" or model_class == _BOOSTER:
        return LOADERS[facts.data.format](file, facts)
    return _xgboost_class(file, model_class, facts)


def _xgboost_class(file: str, model_class: str, facts: Facts) -> Model:
    """The file is that of a class in the manner of scikit-learn."""
    import xgboost

    name = model_class.rsplit(".", 1)[-1]
    if name not in _XGBOOST_CLASSES:
        raise ValueError(f"XGBoost has no class {model_class} that is saved so")
    estimator = getattr(xgboost, name)()
    estimator.load_model(file)
    return estimator_model(estimator, facts)


_BOOSTER = "xgboost.core.Booster"
_XGBOOST_CLASSES = ("XGBClassifier", "XGBRegressor", "XGBRanker", "XGBRFClassifier", "XGBRFRegressor", "XGBModel")


def _python_function(path: str, facts: Facts) -> Model:
    import mlflow.pyfunc

    model = mlflow.pyfunc.load_model(path)
    signature = facts.signature or Signature((), ())

    def answer(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return outputs_of(model.predict(given(arrays, facts)), signature.outputs)

    def invoke(body: bytes, content_type: str, accept: str) -> tuple[Content, str]:
        return code_answer(model.predict(value_of(body, content_type)), accept)

    return Model(signature, answer, facts.takes_columns, is_code=True, invoke=None if signature.inputs else invoke)
