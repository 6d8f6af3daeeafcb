"""The pieces of an answer on their way from the model's thread to the event loop."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, AsyncGenerator, Awaitable, Callable, Iterator

# The model's thread waits while so much of its answer is not sent.
_MOST_BYTES = 2**16


class Flow:
    """
    Makes the pieces of `content` in a thread, and hands them over as they come: whatever has come since the last time together, since each
    turn between two threads costs as much as many small pieces. It makes no more than 64 KiB ahead of its client.
    """

    def __init__(self, content: Iterator[bytes]) -> None:
        self._content = content
        self._loop = asyncio.get_running_loop()
        self._here = asyncio.Event()
        self._room = threading.Event()
        self._lock = threading.Lock()
        self._pieces: list[bytes] = []
        self._held = 0
        self._error: BaseException | None = None
        self._is_stopped = False
        self._is_made = False

    async def pieces(self, load: Callable[[Callable[[], None]], Awaitable[None]], leaving: asyncio.Future[Any]) -> AsyncGenerator[bytes, None]:
        """The pieces, until the client leaves. Raises what `content` raises, after the pieces before it. `load` runs a task in the thread of the model, in which `content` is closed too."""
        leaving.add_done_callback(lambda _left: self._here.set())
        making = asyncio.ensure_future(load(self._make))
        try:
            while not leaving.done():
                await self._here.wait()
                self._here.clear()
                is_made, taken = self._take()
                if taken:
                    yield taken
                if is_made:
                    break
        finally:
            self._is_stopped = True
            self._room.set()
            await making
        if self._error is not None and not leaving.done():
            raise self._error

    def _make(self) -> None:
        try:
            for piece in self._content:
                self._give(piece)
                if self._held > _MOST_BYTES and not self._is_stopped:
                    self._room.wait()
                if self._is_stopped:
                    break
        except BaseException as error:
            self._error = error
        finally:
            getattr(self._content, "close", lambda: None)()
            self._is_made = True
            self._loop.call_soon_threadsafe(self._here.set)

    def _give(self, piece: bytes) -> None:
        with self._lock:
            self._pieces.append(piece)
            self._held += len(piece)
            self._room.clear()
            is_first = len(self._pieces) == 1
        if is_first:
            self._loop.call_soon_threadsafe(self._here.set)

    def _take(self) -> tuple[bool, bytes]:
        # Asked first: pieces that come meanwhile are taken the next time.
        is_made = self._is_made
        with self._lock:
            taken = b"".join(self._pieces)
            self._pieces.clear()
            self._held = 0
            self._room.set()
        return is_made, taken
