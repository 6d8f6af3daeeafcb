"""What the owner of code can do about an error that comes from where it runs."""

from __future__ import annotations

import errno
import socket
from typing import Iterator

_NETWORK = "it reaches no network from here; on one machine `runtime: { network: open }` in model.yaml lets its code"
_DISK = "it can write only where Python's tempfile does, and what it writes is gone with its server"


def advice_on(error: BaseException) -> str:
    """One line, or nothing."""
    for each in _causes(error):
        if isinstance(each, socket.gaierror) or getattr(each, "errno", None) == errno.ENETUNREACH:
            return _NETWORK
        if getattr(each, "errno", None) == errno.EROFS:
            return _DISK
    return ""


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and those that it was raised from; urllib keeps its own apart."""
    for _ in range(10):
        if error is None:
            return
        yield error
        reason = getattr(error, "reason", None)
        error = reason if isinstance(reason, BaseException) else error.__cause__ or error.__context__
