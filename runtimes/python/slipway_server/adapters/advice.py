"""Advice for the owner of code whose error comes from the environment it runs in."""

from __future__ import annotations

import errno
import os
import socket
import traceback
from typing import Iterator

_NETWORK = "it reaches no network from here; on one machine `runtime: { network: open }` in model.yaml lets its code"
_DISK = "it can write only where Python's tempfile does, and what it writes is gone with its server"


_PROCESSES = "it runs in one process, in which multiprocessing finds no semaphores; threads (concurrent.futures.ThreadPoolExecutor) run beside each other"


def advice_on(error: BaseException) -> str:
    """One line of advice, or an empty text."""
    for each in _causes(error):
        if isinstance(each, socket.gaierror) or getattr(each, "errno", None) == errno.ENETUNREACH:
            return _NETWORK
        if isinstance(each, OSError) and _is_of_processes(each):
            return _PROCESSES
        if getattr(each, "errno", None) == errno.EROFS:
            return _DISK
    return ""


def _is_of_processes(error: OSError) -> bool:
    """Whether the error comes from a semaphore, which neither Lambda nor the walls of one machine allow."""
    files = (frame.filename for frame in traceback.extract_tb(error.__traceback__))
    return any(file.endswith(os.path.join("multiprocessing", "synchronize.py")) for file in files)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and its causes; urllib keeps its cause in a separate field."""
    for _ in range(10):
        if error is None:
            return
        yield error
        reason = getattr(error, "reason", None)
        error = reason if isinstance(reason, BaseException) else error.__cause__ or error.__context__
