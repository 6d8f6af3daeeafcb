"""How a drained server ends."""

from __future__ import annotations

import atexit
import gc
import io
import os
import sys
from contextlib import suppress
from typing import Any

from ..walls import flush_libraries

# The class below the abstract one, whose checks take three times as long.
_FILE = io.IOBase.__mro__[1]

_drained = False


def end_without_teardown() -> None:
    """
    Called before any package is imported: what is registered first runs last, after all that packages and the model's code have registered.
    A drained server then ends at once. Nobody waits for an interpreter that takes its modules apart, which takes a third of a second with scikit-learn.
    """
    atexit.register(_end)


def drained() -> None:
    """Says that the last request has been answered: the end that follows is a good one."""
    global _drained
    _drained = True


def _end() -> None:
    if not _drained:
        return
    # The model's code may have replaced these streams by anything.
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__, *_open_files()):
        with suppress(Exception):
            stream.flush()
    flush_libraries()
    os._exit(0)


def _open_files() -> list[Any]:
    """The files that the model's code has opened and not closed; the interpreter would write their last lines."""
    gc.unfreeze()
    return [each for each in gc.get_objects() if issubclass(type(each), _FILE)]
