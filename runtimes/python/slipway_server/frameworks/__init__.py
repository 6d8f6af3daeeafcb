"""
One file per framework, found by an object's module: everything that differs between frameworks is here. No file imports its framework before a model needs it.

- `load(path, facts)`: the Model of a file in the framework's own format
- `own_model(value, facts)`: the Model of an object without scikit-learn's interface, else None
- `names(part)`: the columns of the table that it was fitted on, empty if it was not a table
- `categories(part)`: the categories that it knows, by column; `REFUSES_UNKNOWN` says whether it refuses others
- `thresholds(model, width)`: pairs of a feature and a value worth asking about
- `AHEAD`: the modules that a server imports if it is started before there is a model for it
- `TOLERANCE`, where an answer of a conversion may be further off than usual
- `prepare()`, where importing the framework does things that no model may do: called before the wall stands; `WRITERS` are modules that generate code from a model that was read
- `converted_whole(model, out, is_int8)`, where the framework's file proves its conversion on its own inputs
- `conversions(model)`: ways to convert to ONNX, each with its precision, as `GRAPHS_ARE_WHOLE` with the inputs and outputs of the signature; `register_converters()` lets a pipeline contain its classes
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any

# The packages whose objects are handled in a separate file here.
NAMES = ("catboost", "lightgbm", "sklearn", "torch", "transformers", "xgboost")
_OWN = __name__ + "."


def framework_of(value: Any) -> ModuleType:
    """The framework of an object's class; any unknown class counts as scikit-learn's."""
    module = type(value).__module__
    package = module[len(_OWN) :] if module.startswith(_OWN) else module.partition(".")[0]
    return framework(package if package in NAMES else "sklearn")


def framework(name: str) -> ModuleType:
    return import_module(f".{name}", __name__)
