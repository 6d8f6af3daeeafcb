"""Shared by all models that are user code: how to import it, call it, and read its answers."""

from __future__ import annotations

import importlib.util
import inspect
import os
import sys
from types import ModuleType
from typing import Any, Callable, Iterator, NamedTuple

import numpy as np

from ..model import plain
from ..refusal import Refusal, show, show_keys
from ..values.packing import DTYPES
from ..values.tensors import TensorSpec
from .coroutines import settled
from .data_file import file_within
from .hinted import blaming, hints_of, maker_of
from ..worded import worded


def import_file(folder: str, file: str) -> ModuleType:
    """Runs a file of the artifact as a module; it can import and open the files beside it by name."""
    path = file_within(folder, file)
    name = os.path.splitext(os.path.basename(file))[0]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ValueError(f"there is no {file} in the artifact")
    sys.path.insert(0, os.path.dirname(path))
    os.chdir(folder)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def called_with(function: Callable[..., Any]) -> Callable[[Any], Any]:
    """The function with one argument: an object is passed by name if its keys are the function's parameters, and any other value as the only argument, converted by its type hints. Refuses with 400 a value that fits neither, and an error of the code on a value that fits no hint of plain values."""
    takes, hints = _named_parameters(function), hints_of(function)
    makers = {name: maker_of(name, hint) for name, hint in hints.items()}

    def hinted(name: str | None, value: Any) -> Any:
        return makers[name](value) if name in makers else value

    def call(named: Any) -> Any:
        if takes is None:
            return settled(function(named))
        if _is_by_name(takes, named):
            by_name = {name: hinted(name, value) for name, value in named.items()}
            with blaming(by_name, hints):
                return settled(function(**by_name))
        with blaming({takes.first: named}, hints):
            return settled(function(hinted(takes.first, named)))

    return call


def parameters_of(function: Callable[..., Any]) -> dict[str, Any]:
    """The parameters that can be given by name, with the type hints of those that have one."""
    takes, hints = _named_parameters(function), hints_of(function)
    return {name: hints.get(name) for name in (takes.names if takes else {})}


def _is_by_name(takes: _Named, named: Any) -> bool:
    names = set(named) if isinstance(named, dict) else set()
    has_required = takes.required <= names
    if names and has_required and (takes.takes_any or names <= takes.names.keys()):
        return True
    is_by_name = len(takes.names) > 1 and names and has_required and takes.required
    if isinstance(named, _JSON) and (len(takes.required) > 1 or is_by_name):
        found = worded("anObjectWith", show_keys(list(named))) if isinstance(named, dict) else show(named)
        raise Refusal(400, f"the body is {found}; the model's code takes an object with {show_keys(list(takes.names))}")
    return False


def outputs_of(result: Any, declared: tuple[TensorSpec, ...]) -> dict[str, np.ndarray]:
    """The outputs by name: an object's values or a table's columns, else the only output, called `prediction` unless declared. Refuses a stream with 500: a tensor must be complete."""
    if isinstance(result, Iterator):
        raise Refusal(500, "the model's code yields its answer, which /invocations streams where model.yaml and the code declare no inputs; a tensor is answered whole")
    if hasattr(result, "columns") and hasattr(result, "to_numpy"):
        named = {str(name): result[name].to_numpy() for name in result.columns}
    elif isinstance(result, dict):
        named = {str(name): value for name, value in result.items()}
    elif isinstance(result, tuple) and len(result) == len(declared):
        named = {spec.name: value for spec, value in zip(declared, result)}
    else:
        named = {declared[0].name if len(declared) == 1 else "prediction": result}
    missing = [spec.name for spec in declared if spec.name not in named]
    if missing:
        raise Refusal(500, f'the model answered no "{missing[0]}"')
    if not declared:
        return {name: plain(value) for name, value in named.items()}
    return {spec.name: _as_declared(spec, named[spec.name]) for spec in declared}


# The types of a JSON body; arrays and tables are passed by a signature that the code declares itself.
_JSON = (dict, list, str, int, float, type(None))


class _Named(NamedTuple):
    """A function's parameters that can be given by name, those without a default, whether it takes any others, and its first parameter."""

    names: dict[str, None]
    required: set[str]
    takes_any: bool
    first: str | None


def _named_parameters(function: Callable[..., Any]) -> _Named | None:
    """The function's parameters by name; None where Python cannot read them."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    by_name = [each for each in parameters if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)]
    required = {each.name for each in by_name if each.default is each.empty}
    takes_any = any(each.kind is each.VAR_KEYWORD for each in parameters)
    first = next((each.name for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)), None)
    return _Named({each.name: None for each in by_name}, required, takes_any, first)


def _as_declared(spec: TensorSpec, value: Any) -> np.ndarray:
    if spec.datatype == "BYTES":
        return plain(value)
    try:
        array = np.asarray(value)
        with np.errstate(invalid="ignore"):
            cast = array.astype(DTYPES[spec.datatype])
    except (TypeError, ValueError):
        raise Refusal(500, f'the model answered an "{spec.name}" that is not {spec.datatype}') from None
    if spec.is_inferred and array.dtype.kind == "f" and not spec.datatype.startswith("FP"):
        return plain(array)
    # A signature may declare whole numbers for a regression: its answers are not truncated.
    is_whole = spec.datatype.startswith("FP") or array.dtype.kind not in "biuf" or np.array_equal(cast, array)
    return cast if is_whole else plain(array)
