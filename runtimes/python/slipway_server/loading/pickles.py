"""Pickles and joblib dumps, read by unpicklers that only know the allowed names."""

from __future__ import annotations

import pickle
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import IO, Any

from .allowlist import Allowlist
from .trees import check_features, check_tree
from .wall import end

# The pure Python unpickler, as in joblib: the C one does not allow inspecting an object's state.
_BASE: Any = pickle._Unpickler  # type: ignore[attr-defined]
_STATELESS = (type, FunctionType, BuiltinFunctionType, ModuleType)


def unpickle(path: str, allowlist: Allowlist) -> object:
    """A pickle or a joblib dump, with its arrays, compressed or not. Ends the process on anything that inspection would refuse."""
    try:
        from joblib import numpy_pickle
    except ModuleNotFoundError:
        with open(path, "rb") as file:
            return _restricted(_BASE, allowlist)(file).load()
    base = getattr(numpy_pickle, "_slipway_base", numpy_pickle.NumpyUnpickler)
    numpy_pickle._slipway_base = base
    numpy_pickle.NumpyUnpickler = _restricted(base, allowlist)
    # An array of Python objects is a nested pickle, which joblib reads with another unpickler.
    numpy_pickle.pickle = _Pickle(allowlist)
    numpy_pickle.load_compatibility = _refuse_old
    return numpy_pickle.load(path)


def _restricted(base: Any, allowlist: Allowlist) -> Any:
    class Restricted(base):  # type: ignore[misc]
        dispatch = dict(base.dispatch)

        def find_class(self, module: str, name: str) -> Any:
            if not allowlist.has(module, name):
                end(f"named {module}.{name}, which is not among what models of known frameworks do")
            return super().find_class(module, name)

        def persistent_load(self, pid: Any) -> Any:
            end(f"referred to an object outside its file: {pid!r}")

        def load_build(self) -> None:
            target, state = self.stack[-2:]
            _check_state(target, state)
            base.dispatch[pickle.BUILD[0]](self)
            check_features(target)

        dispatch[pickle.BUILD[0]] = load_build

    return Restricted


def _check_state(target: Any, state: Any) -> None:
    """An object with items may lie about them, so attributes are only taken from plain dicts; inspection reads no others either."""
    kind = type(target)
    if isinstance(target, _STATELESS):
        end(f"changed {getattr(target, '__name__', target)}")
    if kind.__name__ == "NumpyArrayWrapper" and type(state) is not dict:
        end("set the attributes of an array of joblib by something other than a plain dict")
    check_tree(target, state)
    if getattr(target, "__setstate__", None) is not None:
        return
    parts = state if type(state) is tuple and len(state) == 2 else (state,)
    if not all(part is None or type(part) is dict for part in parts):
        end(f"set the state of {kind.__module__}.{kind.__qualname__} by something other than a plain dict")


class _Pickle:
    """The module `pickle` with our own `load`."""

    def __init__(self, allowlist: Allowlist) -> None:
        self._inner = _restricted(_BASE, allowlist)

    def load(self, file: IO[bytes], **options: Any) -> Any:
        return self._inner(file, **options).load()

    def __getattr__(self, name: str) -> Any:
        return getattr(pickle, name)


def _refuse_old(*_: Any, **__: Any) -> Any:
    end("is in the format of joblib before 0.10, which is read by an unpickler that knows no list")
