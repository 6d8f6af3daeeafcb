"""
Fails when a module that serving loads has no compiled form, which costs it two to four times its import at every start:
`python -m slipway_server.compiled [MODULE...]`. Modules are imported, beside the server's own.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys

_SERVER = ("slipway_server.__main__", "slipway_server.describe")


def uncompiled() -> list[str]:
    """The loaded modules that come from a file of Python without one of bytecode beside it."""
    found = []
    for name, module in sorted(sys.modules.items()):
        source = getattr(module, "__file__", None) or ""
        if source.endswith(".py") and not os.path.exists(importlib.util.cache_from_source(source)):
            found.append(name)
    return found


def main(modules: list[str]) -> None:
    for name in (*_SERVER, *modules):
        importlib.import_module(name)
    missing = uncompiled()
    if missing:
        sys.exit(f"{len(missing)} modules are not compiled: {', '.join(missing[:20])}")
    print(f"{len(sys.modules)} modules, all compiled")


if __name__ == "__main__":
    main([name for name in sys.argv[1:] if name])
