"""What a language model is asked, as OpenAI's API has it; refuses with 400 what it is not."""

from __future__ import annotations

from typing import Any

from ..refusal import Refusal, is_wrongly, show

# As OpenAI's: of a text that is gone on with, unlike of a conversation, nothing says where it ends.
USUAL_TOKENS = 16
# Of the server's own, which are not for one of its clients to say.
_NOT_FOR_CLIENTS = ("id_slot", "lora", "stream_options")
# What no engine here does, with the value that asks for nothing: passed over, it would look as if it had been done.
_NOT_DONE = {"best_of": 1, "echo": False, "suffix": ""}
_NUMBERS = ("temperature", "top_p", "min_p", "frequency_penalty", "presence_penalty")
_COUNTS = ("max_tokens", "max_completion_tokens")
# llama.cpp's word for as many as there is room for.
UNBOUNDED = -1


def chat_request(body: Any) -> dict[str, Any]:
    asked = _generation(body)
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages or not all(isinstance(each, dict) for each in messages):
        raise Refusal(400, f"messages {is_wrongly(body, 'messages')}; it takes a list of messages, each with a role and a content")
    return asked


def completion_request(body: Any) -> dict[str, Any]:
    asked = _generation(body)
    prompt = body.get("prompt")
    if not isinstance(prompt, (str, list)) or prompt == []:
        raise Refusal(400, f"prompt {is_wrongly(body, 'prompt')}; it takes a text, or a list of them")
    for name, nothing in _NOT_DONE.items():
        if asked.pop(name, nothing) != nothing:
            raise Refusal(400, f"{name} is {show(body[name])}, which this server does not do; leave it out")
    return {"max_tokens": USUAL_TOKENS, **asked}


def refuse_choices(asked: dict[str, Any], most: int, reason: str) -> None:
    """Where more answers to one request are asked for than are made at once; `reason` says why no more."""
    count = asked.get("n", 1)
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= most:
        raise Refusal(400, f"n is {show(count)}; it takes {f'a number from 1 to {most}' if most > 1 else 1}{reason}: or ask as often as you want answers")


def embedding_request(body: Any) -> dict[str, Any]:
    asked = _object(body)
    given = asked.get("input")
    if not isinstance(given, (str, list)) or given in ("", []):
        raise Refusal(400, f"input {is_wrongly(asked, 'input')}; it takes a text, or a list of them")
    # LangChain sends tokens of OpenAI's own tokenizer unless it is told not to; this model would take them for its own.
    if isinstance(given, list) and not all(isinstance(each, str) and each for each in given):
        raise Refusal(400, f"input is {show(given)} that are not all texts; send texts (LangChain: check_embedding_ctx_length=False)")
    if asked.get("encoding_format") not in (None, "float", "base64"):
        raise Refusal(400, f"encoding_format is {show(asked['encoding_format'])}; it takes float or base64")
    dimensions = asked.get("dimensions")
    if dimensions is not None and (isinstance(dimensions, bool) or not isinstance(dimensions, int) or dimensions < 1):
        raise Refusal(400, f"dimensions is {show(dimensions)}; it takes a whole number from 1")
    return asked


def is_streamed(body: dict[str, Any]) -> bool:
    return body.get("stream") is True


def wants_usage(body: dict[str, Any]) -> bool:
    options = body.get("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True


def own_fields(asked: dict[str, Any]) -> dict[str, Any]:
    """What llama.cpp is told of it."""
    return {key: value for key, value in asked.items() if key not in _NOT_FOR_CLIENTS}


def _generation(body: Any) -> dict[str, Any]:
    """Without what is null, as OpenAI's API takes it."""
    asked = {key: value for key, value in _object(body).items() if value is not None}
    for name in _NUMBERS:
        value = asked.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise Refusal(400, f"{name} is {show(value)}; it takes a number")
    for name in _COUNTS:
        value = asked.get(name, 1)
        if value == UNBOUNDED:
            continue
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise Refusal(400, f"{name} is {show(value)}; it takes a whole number from 1")
    return asked


def _object(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise Refusal(400, f"the body is {show(body)}; it takes an object")
    stream = body.get("stream")
    if stream is not None and not isinstance(stream, bool):
        raise Refusal(400, f"stream is {show(stream)}; it takes true or false")
    return body
