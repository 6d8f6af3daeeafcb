"""One file per format: `load(path, facts)` returns a Model, and `PLATFORM` is the name in the model's metadata."""

from __future__ import annotations

import gc
import os
import re
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any, Callable, Iterator, TypeVar

import numpy as np

from ..config import Facts
from ..loading.allowlist import Allowlist
from ..loading.bytecode import no_foreign_bytecode
from ..loading.wall import around
from ..model import Model
from ..refusal import Refusal, message_of, own_traceback, show, where
from ..serving.code_answers import jsonable
from ..serving.streams import Content, dumped
from ..stderr import say
from .advice import advice_on
from ..worded import worded

T = TypeVar("T")
Invoke = Callable[[bytes, str, str], tuple[Content, str]]
Predict = Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]

# The server's fault, whatever the client sent: too little memory, too few threads, a missing file or module.
_SERVERS_OWN = (MemoryError, OSError, ImportError)

# Allocation failures as C++ frameworks report them, in their own error classes.
_EXHAUSTED = re.compile(
    r"bad_alloc|bad allocation|bad_array_new_length|failed to allocate|unable to allocate|allocation failed"
    r"|out of memory|cannot allocate|can't start new thread|no space left",
    re.IGNORECASE,
)


def load_model(path: str, facts: Facts) -> Model:
    """
    Only imports this format's adapter, and with it only its framework. The model's own errors become refusals:
    400 with the framework's message about the inputs, 503 with the resource that the server lacked, 500 with the error of the user's code.
    """
    adapter = _prepared(facts)
    writers: tuple[str, ...] = getattr(adapter, "WRITERS", ())
    if _is_data(facts):
        with _all_kept(), around(path, Allowlist(facts.allowed), writers):
            model: Model = adapter.load(path, facts)
    else:
        with no_foreign_bytecode():
            model = adapter.load(path, facts)
    refused = _refused_by_code if model.is_code else _refused_by_framework
    safely = lambda predict: _guarded(_of_one_length(predict) if model.takes_columns else predict, refused)
    predict_with = model.predict_with
    return model._replace(
        predict=safely(model.predict),
        predict_with=predict_with and (lambda params: safely(predict_with(params))),
        invoke=model.invoke and _guarded_pieces(_guarded(model.invoke, refused), refused),
    )


def import_ahead(facts: Facts) -> None:
    """Imports the modules that most models of a format need, before there is a model. A module that the environment lacks is left out."""
    adapter = _prepared(facts)
    with _all_kept():
        for name in getattr(adapter, "AHEAD", ()):
            with suppress(ImportError):
                import_module(name)


@contextmanager
def _all_kept() -> Iterator[None]:
    """Nothing is searched for garbage meanwhile, nor is what is there at the end ever again: a framework and its model stay. The searches take a twelfth of a start with scikit-learn."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _prepared(facts: Facts) -> ModuleType:
    adapter = adapter_of(facts.format)
    if facts.brings == "data" and facts.language is None:
        # Most requests have a few rows: starting and waking threads for one took XGBoost 40 ms on busy cores, itself 0.2.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
    prepare: Callable[[], None] = getattr(adapter, "prepare", lambda: None)
    prepare()
    return adapter


def adapter_of(format_: str) -> ModuleType:
    """The adapter with the format's name, `adapters/<format>_model.py`, else the framework of that name. Raises ValueError where there is neither."""
    for path in (f"adapters.{format_}_model", f"frameworks.{format_}"):
        if format_.isidentifier() and find_spec(f"..{path}", __name__):
            return import_module(f"..{path}", __name__)
    raise ValueError(f'there is no adapter for the format "{format_}"')


def _is_data(facts: Facts) -> bool:
    """False for the user's own code, which may do anything."""
    if facts.format == "sagemaker":
        return not (facts.entrypoint or "").partition(":")[0].endswith(".py")
    return facts.brings == "data" or (facts.format == "mlflow" and facts.data is not None)


# Code that exits fails its request alone: its process serves other requests.
_FAULTS = (Exception, SystemExit)


def _of_one_length(predict: Predict) -> Predict:
    """Refuses a table whose columns differ in length: a single value would be taken for all rows."""

    def call(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        (first, rows), *others = [(name, len(array)) for name, array in arrays.items()]
        for name, count in others:
            if count != rows:
                has = f"there are {rows} of {show(first)} and {count} of {show(name)}"
                raise Refusal(400, f"{has}; it takes as many of each")
        return predict(arrays)

    return call


def _guarded(function: Callable[..., T], refused: Callable[[BaseException], Refusal]) -> Callable[..., T]:
    def call(*args: Any) -> T:
        try:
            return function(*args)
        except Refusal:
            raise
        except _FAULTS as error:
            raise refused(error) from None

    return call


def _guarded_pieces(invoke: Invoke, refused: Callable[[BaseException], Refusal]) -> Invoke:
    def pieces(content: Iterator[bytes]) -> Iterator[bytes]:
        try:
            yield from content
        except Refusal:
            raise
        except _FAULTS as error:
            raise refused(error) from None

    def call(body: bytes, content_type: str, accept: str) -> tuple[Content, str]:
        content, type_ = invoke(body, content_type, accept)
        return content if isinstance(content, bytes) else pieces(content), type_

    return call


def _refused_by_framework(error: BaseException) -> Refusal:
    if isinstance(error, _SERVERS_OWN) or _EXHAUSTED.search(message_of(error)):
        say(f"the model failed: {where(error)}")
        return Refusal(503, f"the server could not run the model: {message_of(error)}")
    return Refusal(400, worded("modelRefused", message_of(error)))


def _refused_by_code(error: BaseException) -> Refusal:
    said = _said_by_code(error)
    if said is not None:
        return said
    advice = advice_on(error)
    say(f"{own_traceback(error)}the model's code failed: {where(error)}{advice and f'; {advice}'}")
    return Refusal(500, f"the model's code failed: {message_of(error)}")


def _said_by_code(error: BaseException) -> Refusal | None:
    """The answer that the code itself gives by raising an error with a `status_code` and a `detail`, such as FastAPI's HTTPException. An error of a client library for another service has no `detail`, and counts as a failure of the code."""
    status, detail = getattr(error, "status_code", None), getattr(error, "detail", None)
    if type(status) is not int or not 400 <= status <= 599 or not hasattr(error, "detail"):
        return None
    return Refusal(status, message_of(error) if detail is None else detail if isinstance(detail, str) else dumped(jsonable(detail)))
