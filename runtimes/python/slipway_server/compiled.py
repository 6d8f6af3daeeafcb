"""
Fails when a module that serving loads is not compiled, which makes its import two to four times as slow at every start:
`python -m slipway_server.compiled [MODULE...]`. Imports these modules, beside the server's own.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys

# Modules that uvicorn imports after it has started.
_LATER = ("uvicorn.lifespan.off", "uvicorn.loops.asyncio", "uvicorn.protocols.http.httptools_impl")
_SERVER = ("slipway_server.__main__", "slipway_server.describe")


def uncompiled() -> list[str]:
    """The source files of loaded modules without bytecode beside them."""
    sources = {str(getattr(module, "__file__", None) or "") for module in list(sys.modules.values())}
    return sorted(each for each in sources if each.endswith(".py") and not os.path.exists(importlib.util.cache_from_source(each)))


def uncompiled_to_serve() -> list[str]:
    """The same, including the server's own modules if the environment is new."""
    if any(each.startswith(sys.prefix + os.sep) for each in uncompiled()):
        for name in (*_SERVER, *_LATER):
            importlib.import_module(name)
    return uncompiled()


def main(modules: list[str]) -> None:
    for name in (*_SERVER, *_LATER, *modules):
        importlib.import_module(name)
    missing = uncompiled()
    if missing:
        sys.exit(f"{len(missing)} files are not compiled: {', '.join(missing[:20])}")
    print(f"{len(sys.modules)} modules, all compiled")


if __name__ == "__main__":
    main([name for name in sys.argv[1:] if name])
