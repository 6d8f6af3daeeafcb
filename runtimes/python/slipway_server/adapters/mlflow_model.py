from __future__ import annotations

import numpy as np

from ..config import Facts
from ..model import Model
from ..serving.bodies import code_answer, value_of
from ..serving.streams import Content
from ..values.tensors import Signature
from .code_model import given
from .data_file import load_data
from .user_code import outputs_of

PLATFORM = "mlflow_folder"


def load(path: str, facts: Facts) -> Model:
    """Uses the loader of the flavour that inspection found: importing mlflow costs 1.8 s of CPU, so only a python_function of the user's does. Does not read MLmodel again."""
    return _python_function(path, facts) if facts.data is None else load_data(path, facts.data, facts)


def _python_function(path: str, facts: Facts) -> Model:
    import mlflow.pyfunc

    model = mlflow.pyfunc.load_model(path)
    signature = facts.signature or Signature((), ())

    def answer(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return outputs_of(model.predict(given(arrays, facts)), signature.outputs)

    def invoke(body: bytes, content_type: str, accept: str) -> tuple[Content, str]:
        return code_answer(model.predict(value_of(body, content_type)), accept)

    return Model(signature, answer, facts.takes_columns, is_code=True, invoke=None if signature.inputs else invoke)
