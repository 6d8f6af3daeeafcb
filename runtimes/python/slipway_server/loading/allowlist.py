"""The names that a model's pickle may contain: inspection's own list, src/formats/data/pickle-globals.json."""

from __future__ import annotations

import json
import os
from typing import Iterable

_FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pickle-globals.json")
# Python 2's names, which Python 3 translates when it reads a Python 2 pickle.
_RENAMED = {"__builtin__": "builtins", "copy_reg": "copyreg"}
_USES = ("value", "new", "call", "fill")


class Allowlist:
    """`extra` are the names that the manifest allows beside the known ones, each with its module; inspection has checked them."""

    def __init__(self, extra: Iterable[str] = ()) -> None:
        with open(_FILE, encoding="utf-8") as file:
            data = json.load(file)
        self._known = {(module, name) for use in _USES for module, names in data[use].items() for name in names}
        self._extra = frozenset(extra)
        self._names = frozenset(f"{module}.{name}" for module, name in self._known)

    def has(self, module: str, name: str) -> bool:
        """Whether a pickle may contain it. A name with a dot is an attribute of another, and only allowed as a whole."""
        module = _RENAMED.get(module, module)
        return (module, name) in self._known or ("." not in name and f"{module}.{name}" in self._extra)

    def own_roots(self) -> frozenset[str]:
        """The top-level modules or packages of the names that the manifest allows."""
        return frozenset(name.partition(".")[0] for name in self._extra)

    def has_type(self, full: str) -> bool:
        """The same for a name that includes its module, as skops writes it."""
        return full in self._names or full in self._extra
