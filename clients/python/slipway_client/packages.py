"""The packages that a model needs, at the versions that are installed here."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Iterable
from functools import lru_cache


def pinned(modules: Iterable[str]) -> list[str]:
    """The installed packages of these modules, as lines of requirements, sorted."""
    names = {name for module in modules for name in distributions().get(_root(module), [])}
    return sorted(f"{name}=={importlib.metadata.version(name).split('+')[0]}" for name in names)


def is_installed(module: str) -> bool:
    """Whether a package brings the module, rather than the user's own files."""
    return _root(module) in distributions()


def is_standard(module: str) -> bool:
    """Whether the module is part of Python."""
    root = _root(module)
    if sys.version_info >= (3, 10):
        return root in sys.stdlib_module_names
    spec = sys.modules.get(root)
    file = getattr(spec, "__file__", None)
    return file is None or ("site-packages" not in file and file.startswith(sys.base_prefix))


@lru_cache(maxsize=1)
def distributions() -> dict[str, list[str]]:
    """The packages by the modules that they bring."""
    if sys.version_info >= (3, 10):
        return {
            module: sorted(set(names))
            for module, names in importlib.metadata.packages_distributions().items()
        }
    found: dict[str, list[str]] = {}
    for distribution in importlib.metadata.distributions():
        roots = {
            file.parts[0][:-3] if len(file.parts) == 1 else file.parts[0]
            for file in distribution.files or []
            if file.suffix == ".py"
        }
        for root in roots:
            found.setdefault(root, []).append(distribution.metadata["Name"])
    return found


def _root(module: str) -> str:
    return module.split(".", 1)[0]
