"""How a drained server ends."""

from __future__ import annotations

import atexit
import os
import sys
from contextlib import suppress

from ..walls import flush_libraries

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
    for stream in (sys.stdout, sys.stderr):
        # The model's code may have replaced these streams by anything.
        with suppress(Exception):
            stream.flush()
    flush_libraries()
    os._exit(0)
