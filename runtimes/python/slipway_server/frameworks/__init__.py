"""
One file for each framework: what differs between them is asked for here, by an object's module. The framework itself is imported by no file before a model needs it.

- `load(path, facts)`: the Model of a file in the framework's own format
- `own_model(value, facts)`: the Model of an object that is not asked in the manner of scikit-learn, else None
- `names(part)`: the columns of the table that it was fitted on, empty where it was none
- `categories(part)`: the categories that it knows, by the name of a column; `REFUSES_UNKNOWN` whether it takes no others
- `thresholds(model, width)`: pairs of a feature and a value worth asking about
- `conversions(model)`: ways to ONNX, each with its precision; `register_converters()` lets a pipeline hold its classes
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any

from ..adapters import ADAPTERS

_PARENT = "frameworks."
NAMES = tuple(path[len(_PARENT) :] for path in ADAPTERS.values() if path.startswith(_PARENT))


def framework_of(value: Any) -> ModuleType:
    """That of its class; of any other's, which is in the manner of scikit-learn, the file of that."""
    package = type(value).__module__.partition(".")[0]
    return framework(package if package in NAMES else "sklearn")


def framework(name: str) -> ModuleType:
    return import_module(f".{name}", __name__)
