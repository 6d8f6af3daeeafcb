"""The measures of a generation: its tokens, the time to the first of them, and its tokens per second."""

from __future__ import annotations

import time
from typing import Any, Callable, NamedTuple


class Asked(NamedTuple):
    """The time of a request, by the monotonic clock, and its caller, as far as that is known."""

    since: float
    request: str = ""
    key: str = ""


class Generation(NamedTuple):
    """
    `tokens_in` is None where the answer was ended before llama.cpp had counted them, `first_seconds` where no token came, and `tokens_per_second` where fewer than two came:
    it is the pace after the first one.
    """

    asked: Asked
    tokens_in: int | None
    tokens_out: int
    first_seconds: float | None
    tokens_per_second: float | None


Tell = Callable[[Generation], None]


class Meter:
    """Sees each chunk of one answer as it is made. Each chunk is one token, except those that describe it further; llama.cpp's count at the end takes precedence."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._first: float | None = None
        self._last = asked.since
        self._pieces = 0
        self._counted: tuple[int, int] | None = None

    def see(self, chunk: dict[str, Any]) -> None:
        if any(_has_token(choice) for choice in chunk.get("choices", ())):
            self._last = time.monotonic()
            self._first = self._first or self._last
            self._pieces += 1
        usage = chunk.get("usage")
        if usage:
            tokens_in, tokens_out = self._counted or (0, 0)
            self._counted = (tokens_in + usage.get("prompt_tokens", 0), tokens_out + usage.get("completion_tokens", 0))

    def generation(self) -> Generation:
        tokens_in, tokens_out = self._counted or (None, self._pieces)
        if self._first is None:
            return Generation(self._asked, tokens_in, tokens_out, None, None)
        seconds = self._last - self._first
        pace = (tokens_out - 1) / seconds if tokens_out > 1 and seconds > 0 else None
        return Generation(self._asked, tokens_in, tokens_out, self._first - self._asked.since, pace)


def _has_token(choice: dict[str, Any]) -> bool:
    if choice.get("text"):
        return True
    delta = choice.get("delta") or {}
    return any(delta.get(key) for key in ("content", "reasoning_content", "tool_calls"))
