from __future__ import annotations

import inspect
import os
from types import ModuleType
from typing import Any, Callable

import numpy as np

from ..config import Facts
from ..model import Model
from ..serving.bodies import is_text, value_of
from ..serving.code_answers import code_answer
from ..serving.forms import FIELDS, FORM
from ..serving.streams import Content
from ..values.tensors import Signature
from .coroutines import settled
from .hinted import takes_bytes
from .user_code import called_with, import_file, outputs_of, parameters_of

PLATFORM = "python_code"
_FILES = ("predict.py", "model.py", "inference.py")
_CLASSES = ("Predictor", "Model")


def load(path: str, facts: Facts) -> Model:
    """
    A file with a function `predict`, or a class that has one; its `load` or `setup`, if any, runs first.
    With a declared signature it receives arrays, by name if its parameters have the inputs' names;
    without one, the value of `inputs` or `instances`, or else the body itself, and it may yield its answer.
    """
    file, _, name = (facts.entrypoint or _first_file(path)).partition(":")
    return answered_by(_function(import_file(path, file), name), facts)


def answered_by(function: Callable[..., Any], facts: Facts) -> Model:
    """The Model of a function that answers, as `load` describes."""
    predict, parameters = called_with(function), parameters_of(function)
    signature = facts.signature or Signature((), ())

    def answer(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return outputs_of(predict(given(arrays, facts)), signature.outputs)

    def invoke(body: bytes, content_type: str, accept: str) -> tuple[Content, str]:
        return code_answer(predict(_argument(body, content_type, parameters)), accept)

    if signature.inputs:
        return Model(signature, answer, facts.takes_columns, is_code=True)
    first, hint = next(iter(parameters.items()), ("", None))
    takes_file = first if takes_bytes(hint) else ""
    return Model(signature, answer, facts.takes_columns, is_code=True, invoke=invoke, takes_file=takes_file)


def _argument(body: bytes, content_type: str, parameters: dict[str, Any]) -> Any:
    """The argument that the code gets for a body, by its parameters."""
    essence = content_type.split(";")[0].strip().lower()
    hint = next(iter(parameters.values()), None)
    # By default curl declares a form, and requests declares nothing.
    is_undeclared = essence == FIELDS or (essence == "application/json" and not is_text(body))
    if is_undeclared and takes_bytes(hint) and not body.lstrip().startswith((b"{", b"[", b'"')):
        return body
    value = value_of(body, content_type)
    is_single = essence in (FORM, FIELDS) and isinstance(value, dict) and len(value) == 1
    return next(iter(value.values())) if is_single and not value.keys() <= parameters.keys() else value


def given(arrays: dict[str, np.ndarray], facts: Facts) -> Any:
    """The argument for the code: a table if it takes columns, the only array, or arrays by name."""
    if facts.takes_columns:
        import pandas

        return pandas.DataFrame({name: array.reshape(len(array)) for name, array in arrays.items()})
    return arrays if len(arrays) != 1 else next(iter(arrays.values()))


def _function(module: ModuleType, name: str) -> Callable[..., Any]:
    found = getattr(module, name, None) if name else _default(module)
    if inspect.isclass(found):
        found = found()
        _prepare(found)
        found = getattr(found, "predict", None)
    else:
        _prepare(module)
    if callable(found):
        return found
    wanted = name or "predict, or a class Predictor with it"
    raise ValueError(f"{os.path.basename(str(module.__file__))} has no {wanted}")


def _default(module: ModuleType) -> Any:
    classes = (getattr(module, name, None) for name in _CLASSES)
    return next((each for each in classes if inspect.isclass(each)), getattr(module, "predict", None))


def _prepare(holder: Any) -> None:
    for name in ("setup", "load"):
        prepare = getattr(holder, name, None)
        if callable(prepare):
            settled(prepare())


def _first_file(path: str) -> str:
    found = next((name for name in _FILES if os.path.isfile(os.path.join(path, name))), None)
    if found is None:
        raise ValueError(f"the artifact has no {' or '.join(_FILES)}")
    return found
