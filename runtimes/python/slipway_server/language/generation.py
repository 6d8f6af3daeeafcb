from __future__ import annotations

import asyncio
import threading
from typing import Any, AsyncIterator, Awaitable, Callable

from ..serving.predictor import ClientGone
from .emit import Emit
from .engine import refusal_of

_END = object()


async def chunks_of(work: Callable[[Emit], None], gone: Callable[[], Awaitable[None]]) -> AsyncIterator[dict[str, Any]]:
    """
    Yields the chunks that `work` makes in a thread, as they are made. Raises the Refusal with which it ends instead, and ClientGone where the client has left,
    after which it makes at most one more chunk. When this generator has ended, so has the work.
    """
    loop = asyncio.get_running_loop()
    made: asyncio.Queue[Any] = asyncio.Queue()
    is_left = threading.Event()

    def emit(chunk: dict[str, Any]) -> bool:
        loop.call_soon_threadsafe(made.put_nowait, chunk)
        return is_left.is_set()

    def run() -> None:
        try:
            work(emit)
        finally:
            loop.call_soon_threadsafe(made.put_nowait, _END)

    leaving = asyncio.ensure_future(gone())
    leaving.add_done_callback(lambda _: is_left.set())
    working = loop.run_in_executor(None, run)
    try:
        while (chunk := await made.get()) is not _END:
            if is_left.is_set():
                raise ClientGone
            if "error" in chunk:
                raise refusal_of(chunk["error"])
            yield chunk
        await working
    finally:
        is_left.set()
        leaving.cancel()
        await asyncio.wait([working])
