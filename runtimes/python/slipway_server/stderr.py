"""Lines of the server's own on its stderr. A model's code may have closed `sys.stderr` or put anything in its place, so they are written to the descriptor itself."""

from __future__ import annotations

import sys
from contextlib import suppress

_DESCRIPTOR = 2


def say(text: str) -> None:
    """Writes a line, after the model's output so far. Never fails: a line that cannot be written is lost."""
    with suppress(Exception):
        sys.stderr.flush()
    with suppress(OSError), open(_DESCRIPTOR, "wb", closefd=False) as written:
        written.write(f"{text}\n".encode(errors="backslashreplace"))
