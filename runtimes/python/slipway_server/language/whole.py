from __future__ import annotations

from typing import Any, Callable

from .emit import Emit
from .engine import refusal_of
from .merging import merged


def whole(work: Callable[[Emit], None]) -> dict[str, Any]:
    """The whole of an answer that is not streamed. Raises the Refusal with which it ends instead."""
    chunks: list[dict[str, Any]] = []

    def keep(chunk: dict[str, Any]) -> bool:
        chunks.append(chunk)
        return False

    work(keep)
    for chunk in chunks:
        if "error" in chunk:
            raise refusal_of(chunk["error"])
    return merged(chunks)
