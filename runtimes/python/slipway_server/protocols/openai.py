"""OpenAI's API, as far as models support it: chat completions, completions, embeddings and models."""

from __future__ import annotations

import base64
from typing import Any, Callable

import msgspec
import numpy as np

from ..refusal import Refusal
from ..worded import worded


def chunk_json(chunk: dict[str, Any], model: str) -> dict[str, Any]:
    """The chunk as the client sees it: by the model's own name, and without llama.cpp's measurements."""
    return {**{key: value for key, value in chunk.items() if key != "timings"}, "model": model}


def event(value: Any) -> bytes:
    return b"data: %b\n\n" % msgspec.json.encode(value)


DONE = b"data: [DONE]\n\n"


def without_usage(chunk: dict[str, Any]) -> dict[str, Any] | None:
    """The chunk for a client that has not asked for its usage; None where the chunk has nothing else."""
    if "usage" not in chunk:
        return chunk
    return {key: value for key, value in chunk.items() if key != "usage"} if chunk["choices"] else None


def without_others(chunk: dict[str, Any]) -> dict[str, Any]:
    """A chunk of a chat completion with the log-probabilities of only the chosen tokens."""
    for choice in chunk.get("choices", ()):
        for token in (choice.get("logprobs") or {}).get("content") or ():
            token["top_logprobs"] = []
    return chunk


def by_token() -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Turns each chunk of an answer into the form of /v1/completions: log-probabilities in lists, where /v1/chat/completions has an object for each token; `text_offset` is the place of each token in the answer's text."""
    told: dict[int, int] = {}

    def listed(choice: dict[str, Any]) -> dict[str, Any]:
        at = told.get(choice["index"], 0)
        told[choice["index"]] = at + len(choice["text"])
        if not choice.get("logprobs"):
            return choice
        lists: dict[str, list[Any]] = {"tokens": [], "token_logprobs": [], "top_logprobs": [], "text_offset": []}
        for token in choice["logprobs"]["content"]:
            lists["tokens"].append(token["token"])
            lists["token_logprobs"].append(token["logprob"])
            lists["top_logprobs"].append({each["token"]: each["logprob"] for each in token["top_logprobs"]})
            lists["text_offset"].append(at)
            at += len(token["token"])
        return {**choice, "logprobs": lists}

    return lambda chunk: {**chunk, "choices": [listed(each) for each in chunk["choices"]]} if "choices" in chunk else chunk


def encoded_vectors(data: list[dict[str, Any]], dimensions: int | None, encoding: str | None) -> list[dict[str, Any]]:
    """The vectors of an answer to /v1/embeddings in the requested form: the first `dimensions` numbers, scaled to length 1 again, as numbers or as base64 of 32-bit floats."""

    def encoded(vector: list[float]) -> list[float] | str:
        if dimensions is not None and dimensions > len(vector):
            raise Refusal(400, worded("fewerDimensions", dimensions, len(vector)))
        wanted = np.array(vector, np.float32)
        if dimensions is not None and dimensions < len(vector):
            wanted = wanted[:dimensions] / (np.linalg.norm(wanted[:dimensions]) or 1)
        return base64.b64encode(wanted.astype("<f4").tobytes()).decode() if encoding == "base64" else wanted.tolist()

    return [{**each, "embedding": encoded(each["embedding"])} for each in data]


def error_json(refused: Refusal) -> dict[str, Any]:
    type_ = "invalid_request_error" if refused.status < 500 else "server_error"
    return {"error": {"message": refused.message, "type": type_, "param": refused.param, "code": refused.code}}


def models_json(name: str, aliases: tuple[str, ...] = ()) -> dict[str, Any]:
    """The list of models, in OpenAI's and KServe's form; KServe's has no aliases."""
    return {"object": "list", "data": [model_json(each) for each in (name, *aliases)], "models": [name]}


def model_json(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "slipway"}
