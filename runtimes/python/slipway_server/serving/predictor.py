from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, AsyncIterator, Awaitable, Callable, TypeVar

from ..refusal import Refusal
from ..worded import worded

T = TypeVar("T")

MOST_WAITING = 100

# A thread costs a request about 0.1 ms; a task that would block health checks for longer than this uses one nevertheless.
INLINE_SECONDS = 0.002


class Predictor:
    """
    Runs `at_once` tasks at a time (one, except for a language model), in order of arrival: directly on the event loop if as many rows took under 2 ms before,
    else in a thread, so that health checks are answered meanwhile. Refuses with 503 when 100 already wait.
    """

    def __init__(self, at_once: int = 1) -> None:
        self._thread = ThreadPoolExecutor(at_once, thread_name_prefix="model")
        self._at_once = at_once
        self._turns = asyncio.Semaphore(at_once)
        self._waiting = 0
        self._inline_rows = 0

    async def load(self, task: Callable[[], T]) -> T:
        """Runs a task in the thread that loads the model; a model of code always runs in it."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, task)

    async def run(
        self, task: Callable[[], T], rows: int | None, gone: Callable[[], Awaitable[Any]] | None = None
    ) -> T:
        """`rows` None uses the thread that loaded the model. `gone` resolves when the client has left; its turn is then skipped."""
        if rows is not None and self.is_free(rows):
            return self._timed(task, rows)
        async with self.turn(gone):
            return await self._in_thread(task, rows)

    async def within_turn(self, task: Callable[[], T], rows: int) -> T:
        """Runs a task in a turn that the caller has taken."""
        return self._timed(task, rows) if rows <= self._inline_rows else await self._in_thread(task, rows)

    @property
    def is_busy(self) -> bool:
        """Whether as many tasks run as may."""
        return self._turns.locked()

    def is_free(self, rows: int) -> bool:
        """Whether so many rows would be answered at once, on the event loop."""
        return rows <= self._inline_rows and not self.is_busy

    @asynccontextmanager
    async def turn(self, gone: Callable[[], Awaitable[Any]] | None = None) -> AsyncIterator[None]:
        """Takes one of the turns that run at once; the task within it goes to `load`."""
        if self._waiting >= MOST_WAITING:
            raise Refusal(503, worded("tooManyWaiting", self._waiting, MOST_WAITING), retry_after=1)
        leaving = asyncio.ensure_future(gone()) if gone and self._turns.locked() else None
        self._waiting += 1
        try:
            await self._turns.acquire()
        finally:
            self._waiting -= 1
        try:
            if leaving is not None and leaving.done():
                raise ClientGone
            yield
        finally:
            if leaving is not None:
                leaving.cancel()
            self._turns.release()

    async def idle(self) -> None:
        for _ in range(self._at_once):
            await self._turns.acquire()

    async def _in_thread(self, task: Callable[[], T], rows: int | None) -> T:
        if rows is None:
            return await self.load(task)
        return await self.load(lambda: self._timed(task, rows))

    def _timed(self, task: Callable[[], T], rows: int) -> T:
        start = time.thread_time()
        result = task()
        if time.thread_time() - start < INLINE_SECONDS:
            self._inline_rows = max(self._inline_rows, rows)
        else:
            self._inline_rows = min(self._inline_rows, rows - 1)
        return result


class ClientGone(Exception):
    """Raised when the client left before its turn."""
