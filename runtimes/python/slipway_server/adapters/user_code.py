"""Shared by all models that are user code: how to import it, call it, and read its answers."""

from __future__ import annotations

import importlib.util
import inspect
import os
import sys
from types import ModuleType
from typing import Any, Callable, Iterator

import numpy as np

from ..model import plain
from ..refusal import Refusal
from ..values.packing import DTYPES
from ..values.tensors import TensorSpec
from .coroutines import settled
from .data_file import file_within


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


def call_with(function: Callable[..., Any], named: Any) -> Any:
    """Passes an object by name if its keys are the function's parameters, and anything else as the first argument."""
    if isinstance(named, dict) and _takes_names(function, list(named)):
        return settled(function(**named))
    return settled(function(named))


def outputs_of(result: Any, declared: tuple[TensorSpec, ...]) -> dict[str, np.ndarray]:
    """By name: an object's values or a table's columns, else the only output, called `prediction` unless declared. Refuses a stream with 500: a tensor must be complete."""
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


def _takes_names(function: Callable[..., Any], names: list[str]) -> bool:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    by_name = {each.name for each in parameters if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)}
    required = {each.name for each in parameters if each.default is each.empty and each.name in by_name}
    takes_any = any(each.kind is each.VAR_KEYWORD for each in parameters)
    return required <= set(names) and (takes_any or set(names) <= by_name) and len(names) > 0


def _as_declared(spec: TensorSpec, value: Any) -> np.ndarray:
    if spec.datatype == "BYTES":
        return plain(value)
    try:
        return np.asarray(value).astype(DTYPES[spec.datatype])
    except (TypeError, ValueError):
        raise Refusal(500, f'the model answered an "{spec.name}" that is no {spec.datatype}') from None
