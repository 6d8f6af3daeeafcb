"""What a language model is asked, as OpenAI's API has it; refuses with 400 what it is not."""

from __future__ import annotations

from typing import Any

from ..refusal import Refusal, is_wrongly, show

# As OpenAI's: of a text that is gone on with, unlike of a conversation, nothing says where it ends.
USUAL_TOKENS = 16
# Of the server's own, which are not for one of its clients to say.
_NOT_FOR_CLIENTS = ("id_slot", "lora", "stream_options")


def chat_request(body: Any) -> dict[str, Any]:
    asked = _object(body)
    messages = asked.get("messages")
    if not isinstance(messages, list) or not messages or not all(isinstance(each, dict) for each in messages):
        raise Refusal(400, f"messages {is_wrongly(asked, 'messages')}; it takes a list of messages, each with a role and a content")
    return asked


def completion_request(body: Any) -> dict[str, Any]:
    asked = _object(body)
    prompt = asked.get("prompt")
    if not isinstance(prompt, (str, list)) or prompt == []:
        raise Refusal(400, f"prompt {is_wrongly(asked, 'prompt')}; it takes a text, or a list of them")
    return {"max_tokens": USUAL_TOKENS, **asked}


def embedding_request(body: Any) -> dict[str, Any]:
    asked = _object(body)
    given = asked.get("input")
    if not isinstance(given, (str, list)) or given in ("", []):
        raise Refusal(400, f"input {is_wrongly(asked, 'input')}; it takes a text, or a list of them")
    return asked


def is_streamed(body: dict[str, Any]) -> bool:
    return body.get("stream") is True


def wants_usage(body: dict[str, Any]) -> bool:
    options = body.get("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True


def own_fields(asked: dict[str, Any]) -> dict[str, Any]:
    """What llama.cpp is told of it."""
    return {key: value for key, value in asked.items() if key not in _NOT_FOR_CLIENTS}


def _object(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise Refusal(400, f"the body is {show(body)}; it takes an object")
    stream = body.get("stream")
    if stream is not None and not isinstance(stream, bool):
        raise Refusal(400, f"stream is {show(stream)}; it takes true or false")
    return body
