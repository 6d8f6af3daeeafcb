"""The proof of a language model: a text that it continues in the same words wherever it runs."""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from typing import Any, Iterator

from ..language.engine import TOO_LONG, Engine
from ..language.whole import whole
from ..model import Model
from ..refusal import Refusal

_PROMPT = "Once upon a time, there was a little girl who lived in a small village. One day she"
_TOKENS = 16
# How much likelier a token has to be than the next one, as a difference of logarithms, so that no other processor's rounding reverses the two.
_CLEAR = 0.1
_RTOL = 1e-3
# A proof keeps no longer answer (buildspecs/commands/proof.mjs): for a long vector it only records that there was an answer.
_MOST_EXPECTED_BYTES = 6_000


def language_example(engine: Engine) -> dict[str, Any]:
    """A request of `/invocations`, and the part of its answer that another processor is sure to give too."""
    for prompt in _prompts():
        # The context of a small model may be shorter than the prompt.
        with _unless_too_long():
            return _embedded(engine, prompt) if engine.serving.task == "embed" else _continued(engine, prompt)
    raise ValueError(f"the model's context of {engine.serving.context_tokens} tokens has no room for the prompt {_PROMPT.split()[0]!r}")


def _prompts() -> Iterator[str]:
    """The golden prompt, and ever shorter beginnings of it."""
    words = _PROMPT.split()
    while words:
        yield " ".join(words)
        words = words[: len(words) // 2]


@contextmanager
def _unless_too_long() -> Iterator[None]:
    try:
        yield
    except Refusal as refused:
        if refused.code != TOO_LONG:
            raise


def _embedded(engine: Engine, prompt: str) -> dict[str, Any]:
    return _example({"inputs": prompt}, engine.embed({"input": prompt})["data"][0]["embedding"])


def _continued(engine: Engine, prompt: str) -> dict[str, Any]:
    asked = {"prompt": prompt, "temperature": 0, "seed": 0}
    [choice] = whole(lambda emit: engine.complete({**asked, "max_tokens": _TOKENS, "logprobs": 2}, emit))["choices"]
    tokens = sum(1 for _ in _clear_tokens(choice["logprobs"]))
    if tokens == 0:
        # Only the fact that it answers is known.
        return {"request": {"protocol": "invocations", "body": {**asked, "max_tokens": 1}}, "rtol": _RTOL}
    asked["max_tokens"] = tokens
    [choice] = whole(lambda emit: engine.complete(asked, emit))["choices"]
    return _example(asked, choice["text"])


def begin_conversation(model: Model) -> None:
    """Begins a conversation by the model's chat template, if it has one. The template may refuse the messages: only its owner knows the right ones."""
    engine = model.language
    if engine and engine.serving.task == "generate" and engine.serving.has_chat_template:
        with suppress(Refusal):
            whole(lambda emit: engine.chat({"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 1}, emit))


def _clear_tokens(logprobs: dict[str, Any] | None) -> Iterator[dict[str, Any]]:
    """The tokens before the first one that another token comes close to."""
    for token in (logprobs or {"content": []})["content"]:
        likeliest = sorted((each["logprob"] for each in token["top_logprobs"]), reverse=True)
        if len(likeliest) > 1 and likeliest[0] - likeliest[1] < _CLEAR:
            return
        yield token


def _example(body: dict[str, Any], predictions: Any) -> dict[str, Any]:
    expect = {"predictions": predictions}
    known = {"expect": expect} if len(json.dumps(expect)) <= _MOST_EXPECTED_BYTES else {}
    return {"request": {"protocol": "invocations", "body": body}, **known, "rtol": _RTOL}
