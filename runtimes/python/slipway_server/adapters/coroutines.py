"""Runs `async def` functions for a server that calls the model's code as plain functions in its own thread."""

from __future__ import annotations

import asyncio
import functools
import inspect
from typing import Any, AsyncIterator, Awaitable, Callable, Iterator


def settling(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, returning the result of its coroutine, or an iterator over the values that it yields asynchronously."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        return settled(function(*args, **kwargs))

    return call


def settled(result: Any) -> Any:
    """Waits for a coroutine; turns an asynchronous iterator into a plain one; returns anything else unchanged."""
    if inspect.isawaitable(result):
        return _loop().run_until_complete(_awaited(result))
    return _each(result) if isinstance(result, AsyncIterator) else result


def _each(values: AsyncIterator[Any]) -> Iterator[Any]:
    try:
        while True:
            try:
                yield _loop().run_until_complete(_awaited(values.__anext__()))
            except StopAsyncIteration:
                return
    finally:
        close = getattr(values, "aclose", None)
        if close is not None:
            _loop().run_until_complete(close())


async def _awaited(value: Awaitable[Any]) -> Any:
    return await value


@functools.lru_cache(maxsize=None)
def _loop() -> asyncio.AbstractEventLoop:
    """One event loop for the life of the process: a client that `setup` has opened belongs to the loop that it was opened in."""
    return asyncio.new_event_loop()
