"""The log-probability of a given answer, by vLLM's own API: `prompt_logprobs` says it of each token of a prompt."""

from __future__ import annotations

import json
import math
import os
from typing import Any, Awaitable, Callable

Asgi = Callable[[Any, Any, Any], Awaitable[None]]


# The paths, the bodies and the answers are those of runtimes/python.
SCORE_PATH = "/slipway/score"
RENDER_PATH = "/slipway/render"
_MOST_LETTERS = 2000
_LEAST = -20.0


def is_own(headers: Any) -> bool:
    """Whether Slipway itself sent a request: in a container of an account clients come by an integration that sets the domain, and on one machine the gateway says so."""
    given = {name.lower(): value for name, value in headers}
    if os.environ.get("SLIPWAY_DEPLOYMENT"):
        return not given.get(b"x-slipway-domain")
    return given.get(b"x-slipway-own") == b"1"


class Refused(Exception):
    """Raised with the status and the error of an answer that is not 200."""

    def __init__(self, status: int, error: Any) -> None:
        super().__init__(str(error))
        self.status, self.error = status, error


async def answer_own(app: Asgi, scope: Any, receive: Any, send: Any) -> None:
    """Answers at one of the paths."""
    try:
        asked = await _body_of(receive)
        answer = _score(app, scope, _read(asked)) if scope["path"] == SCORE_PATH else _render(app, scope, _asked_in(asked))
        status, body = 200, await answer
    except Refused as refused:
        status, body = refused.status, {"error": refused.error}
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


def _read(body: bytes) -> dict[str, Any]:
    given = _asked_in(body)
    answer = given.get("answer")
    if not isinstance(answer, str) or not 0 < len(answer) <= _MOST_LETTERS:
        raise Refused(400, f"answer takes a text of 1 to {_MOST_LETTERS} letters")
    return given


def _asked_in(body: bytes) -> dict[str, Any]:
    try:
        given = json.loads(body)
    except ValueError:
        given = None
    given = given if isinstance(given, dict) else {}
    prompt, messages = given.get("prompt"), given.get("messages")
    if not (isinstance(messages, list) and messages) and not (isinstance(prompt, str) and prompt):
        raise Refused(400, "the body takes messages or a prompt")
    return given


async def _tokens(app: Asgi, scope: Any, of: dict[str, Any]) -> list[int]:
    return (await _asked(app, scope, "/tokenize", {"model": os.environ["MODEL_NAME"], **of}))["tokens"]


async def _tokens_of_prompt(app: Asgi, scope: Any, asked: dict[str, Any]) -> list[int]:
    if asked.get("messages"):
        return await _tokens(app, scope, {"messages": asked["messages"], "add_generation_prompt": True})
    return await _tokens(app, scope, {"prompt": asked["prompt"]})


async def _render(app: Asgi, scope: Any, asked: dict[str, Any]) -> dict[str, Any]:
    return {"tokens": await _tokens_of_prompt(app, scope, asked)}


async def _score(app: Asgi, scope: Any, asked: dict[str, Any]) -> dict[str, Any]:
    """https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html: /tokenize, and the extra parameter prompt_logprobs of /v1/completions"""
    prompt = await _tokens_of_prompt(app, scope, asked)
    answer = await _tokens(app, scope, {"prompt": asked["answer"], "add_special_tokens": False})
    if not answer:
        raise Refused(400, "the answer has no token")
    told = {"model": os.environ["MODEL_NAME"], "prompt": [*prompt, *answer], "max_tokens": 1, "temperature": 0, "prompt_logprobs": 0}
    choice = (await _asked(app, scope, "/v1/completions", told))["choices"][0]
    each = choice["prompt_logprobs"][-len(answer) :]
    logprob = sum(_bounded(said[str(token)]["logprob"]) for token, said in zip(answer, each, strict=True))
    return {"logprob": logprob, "tokens": len(answer), "prompt_tokens": len(prompt)}


def _bounded(logprob: Any) -> float:
    return max(_LEAST, float(logprob)) if isinstance(logprob, (int, float)) and math.isfinite(logprob) else _LEAST


async def _asked(app: Asgi, scope: Any, path: str, body: dict[str, Any]) -> Any:
    """The answer of vLLM itself at one of its paths."""
    sent, status, pieces = json.dumps(body).encode(), 500, []

    async def receive() -> Any:
        return {"type": "http.request", "body": sent, "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            pieces.append(message.get("body", b""))

    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(sent)).encode())]
    await app({**scope, "path": path, "raw_path": path.encode(), "headers": headers}, receive, send)
    answer = json.loads(b"".join(pieces) or b"null")
    if status != 200:
        raise Refused(status, answer.get("error", answer) if isinstance(answer, dict) else answer)
    return answer


async def _body_of(receive: Any) -> bytes:
    pieces = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Refused(400, "the request broke off")
        pieces.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(pieces)
