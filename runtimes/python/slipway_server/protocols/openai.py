"""OpenAI's API, as far as a model has it: chat completions, completions, embeddings and models."""

from __future__ import annotations

from typing import Any

import msgspec

from ..refusal import Refusal


def chunk_json(chunk: dict[str, Any], model: str) -> dict[str, Any]:
    """As the client sees it: by the model's own name, and without what llama.cpp measures."""
    return {**{key: value for key, value in chunk.items() if key != "timings"}, "model": model}


def event(value: Any) -> bytes:
    return b"data: %b\n\n" % msgspec.json.encode(value)


DONE = b"data: [DONE]\n\n"


def without_usage(chunk: dict[str, Any]) -> dict[str, Any] | None:
    """For a client that has not asked for it; None where the chunk says nothing else."""
    if "usage" not in chunk:
        return chunk
    return {key: value for key, value in chunk.items() if key != "usage"} if chunk["choices"] else None


def error_json(refused: Refusal) -> dict[str, Any]:
    type_ = "invalid_request_error" if refused.status < 500 else "server_error"
    return {"error": {"message": refused.message, "type": type_, "param": None, "code": None}}


def model_json(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "slipway"}
