"""Several answers to one request: as many side by side as the engine has room for, the others after these."""

from __future__ import annotations

from typing import Any, Callable

from .emit import Emit
from .merging import added

Ask = Callable[[dict[str, Any], Emit], None]


def each_choice(request: dict[str, Any], emit: Emit, at_once: int, ask: Ask) -> None:
    """
    Has `ask` answer `request["n"]` times, with the choices numbered as in OpenAI's API: those of the first prompt first.
    The request's seed is for the first answer; the next answer has the next seed. A prompt's tokens are counted once, however often it is answered.
    """
    count = int(request.get("n", 1))
    if count == 1:
        ask(request, emit)
        return
    joined = _Joined(emit, ask)
    if count <= at_once:
        joined.part(request, 0, count)
    else:
        for at, prompt in enumerate(_prompts(request)):
            for done in range(0, count, at_once):
                some = min(at_once, count - done)
                own = {**request, **prompt, "n": some, **_seed(request, done)}
                joined.part(own, at * count + done, some if done == 0 else None)
    joined.finish()


def _prompts(request: dict[str, Any]) -> list[dict[str, Any]]:
    """The part of the request that each prompt replaces; it is empty for a conversation, or for a single prompt, which may be a list of tokens."""
    prompt = request.get("prompt")
    if isinstance(prompt, list) and not all(isinstance(token, int) for token in prompt):
        return [{"prompt": each} for each in prompt]
    return [{}]


def _seed(request: dict[str, Any], done: int) -> dict[str, Any]:
    seed = request.get("seed")
    return {"seed": seed + done} if isinstance(seed, int) and seed >= 0 else {}


class _Joined:
    """Passes the chunks of several answers on as those of one: under the first one's id, and with the sum of their usage at the end."""

    def __init__(self, emit: Emit, ask: Ask) -> None:
        self._emit, self._ask = emit, ask
        self._about: dict[str, Any] = {}
        self._usage: Any = None
        self._is_left = False

    def part(self, request: dict[str, Any], first: int, times: int | None) -> None:
        """Some of the answers, from the place `first` on; the engine counts their prompt `times`, None where it was counted before."""
        used: Any = None

        def emit(chunk: dict[str, Any]) -> bool:
            nonlocal used
            if "error" in chunk:
                self._is_left = True
                return self._emit(chunk)
            self._about = self._about or {key: chunk[key] for key in ("id", "object", "created") if key in chunk}
            if chunk.get("usage"):
                used = added(used, chunk["usage"])
            choices = [{**choice, "index": first + choice["index"]} for choice in chunk["choices"]]
            if choices:
                told = {key: value for key, value in chunk.items() if key != "usage"}
                self._is_left = self._emit({**told, **self._about, "choices": choices})
            return self._is_left

        if not self._is_left:
            self._ask(request, emit)
        if used:
            self._usage = added(self._usage, _once(used, times))

    def finish(self) -> None:
        if self._usage and not self._is_left:
            self._emit({**self._about, "choices": [], "usage": self._usage})


def _once(used: dict[str, Any], times: int | None) -> dict[str, Any]:
    given = used["prompt_tokens"] // times if times else 0
    return {**used, "prompt_tokens": given, "total_tokens": given + used["completion_tokens"]}
