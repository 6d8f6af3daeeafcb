"""Reads requests for a language model in the form of OpenAI's API; refuses others with 400."""

from __future__ import annotations

from typing import Any

from ..refusal import Refusal, is_count, is_wrongly, show
from ..worded import worded
from .engine import UNBOUNDED

# OpenAI's own default: a text that is continued, unlike a conversation, has no natural end.
USUAL_TOKENS = 16
# Settings of the server itself, which a client must not change.
_NOT_FOR_CLIENTS = ("id_slot", "lora", "stream_options")
# Fields that no engine here supports, with the value that asks for nothing: if they were ignored, it would look as if they had been honoured.
_NOT_DONE = {"best_of": 1, "echo": False, "suffix": ""}
# The same for conversations, with advice.
_NOT_CONVERSED: dict[str, tuple[tuple[Any, ...], str]] = {
    "functions": (([],), "use tools"),
    "function_call": (("none",), "use tool_choice"),
    "audio": ((), "leave it out"),
    "modalities": ((["text"],), "leave it out"),
    "web_search_options": ((), "leave it out"),
    "store": ((False,), "leave it out"),
}
FORMS = ("text", "json_object", "json_schema")
_CHOICES = ("none", "auto", "required")
_NUMBERS = ("temperature", "top_p", "min_p", "frequency_penalty", "presence_penalty")
_COUNTS = ("max_tokens", "max_completion_tokens")
# The limits of OpenAI's API.
_MOST_CHOICES = 128
MOST_LOGPROBS = 20


def chat_request(body: Any) -> dict[str, Any]:
    asked = _generation(body)
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages or not all(isinstance(each, dict) for each in messages):
        raise Refusal(400, f"messages {is_wrongly(body, 'messages')}; it takes a list of messages, each with a role and a content")
    for name, (nothing, way) in _NOT_CONVERSED.items():
        if name in asked and asked.pop(name) not in nothing:
            raise Refusal(400, f"{name} is {show(body[name])}, which this server does not do; {way}", param=name)
    _refuse_form(asked.get("response_format", {"type": "text"}))
    # Chat templates know this role only by its older name.
    plain = [{**each, "role": "system"} if each.get("role") == "developer" else each for each in messages]
    others = asked.get("top_logprobs", 0)
    if isinstance(others, bool) or not isinstance(others, int) or not 0 <= others <= MOST_LOGPROBS:
        raise Refusal(400, f"top_logprobs is {show(others)}; it takes a whole number from 0 to {MOST_LOGPROBS}", param="top_logprobs")
    # Engines report nothing about the chosen token unless they are asked for the likeliest one too.
    least = {"top_logprobs": max(1, others)} if has_logprobs(asked) else {}
    return {**asked, **_tools(asked), **least, "messages": plain}


def has_logprobs(body: Any) -> bool:
    return body.get("logprobs") is True


def _tools(asked: dict[str, Any]) -> dict[str, Any]:
    """The tools and the tool choice in the engines' form: a tool that is chosen by its name becomes the only one, and required."""
    tools, choice = asked.get("tools", []), asked.get("tool_choice", "auto")
    if not isinstance(tools, list) or not all(_name_of(each) for each in tools):
        raise Refusal(400, f"tools is {show(tools)}; it takes a list of functions, each with a name", param="tools")
    if choice in ("none", "auto"):
        return {}
    if not tools:
        raise Refusal(400, f"tool_choice is {show(choice)}, and there are no tools", param="tool_choice")
    if choice == "required":
        return {}
    chosen = [each for each in tools if _name_of(each) == _name_of(choice)]
    if not chosen:
        raise Refusal(400, f"tool_choice is {show(choice)}; it takes {', '.join(_CHOICES)}, or the name of one of the tools", param="tool_choice")
    return {"tools": chosen, "tool_choice": "required"}


def _name_of(tool: Any) -> str | None:
    """The name of a function; None for any other tool, or without a name."""
    function = tool.get("function") if isinstance(tool, dict) and tool.get("type") == "function" else None
    name = function.get("name") if isinstance(function, dict) else None
    return name if isinstance(name, str) and name else None


def _refuse_form(form: Any) -> None:
    kind = form.get("type") if isinstance(form, dict) else None
    if kind not in FORMS:
        said = show(kind) if kind else show(form)
        raise Refusal(400, f"response_format is {said}; its type is one of {', '.join(FORMS)}", param="response_format")
    schema = form.get("json_schema")
    if kind == "json_schema" and not (isinstance(schema, dict) and isinstance(schema.get("schema"), dict)):
        raise Refusal(400, "response_format is json_schema without a schema; it takes json_schema.schema", param="response_format")


def completion_request(body: Any) -> dict[str, Any]:
    asked = _generation(body)
    prompt = body.get("prompt")
    if not isinstance(prompt, (str, list)) or prompt == []:
        raise Refusal(400, f"prompt {is_wrongly(body, 'prompt')}; it takes a text, or a list of them")
    for name, nothing in _NOT_DONE.items():
        if asked.pop(name, nothing) != nothing:
            raise Refusal(400, f"{name} is {show(body[name])}, which this server does not do; leave it out")
    return {"max_tokens": USUAL_TOKENS, **asked}


def refuse_other_model(body: Any, name: str, aliases: tuple[str, ...]) -> None:
    """Raises a Refusal with 404, as vLLM does, unless the request names no model, this one or one of its aliases."""
    asked = body.get("model") if isinstance(body, dict) else None
    if asked in (None, "", name, *aliases):
        return
    if not isinstance(asked, str):
        raise Refusal(400, worded("modelTakesName", show(asked)), param="model")
    raise no_such_model(asked, name)


def no_such_model(asked: str, name: str) -> Refusal:
    """The refusal of an unknown model in OpenAI's words, with advice."""
    way = worded("otherNames", name)
    return Refusal(404, worded("modelNotFound", asked[:128], way), code="model_not_found", param="model")


def embedding_request(body: Any) -> dict[str, Any]:
    asked = _object(body)
    given = asked.get("input")
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not texts:
        raise Refusal(400, worded("inputTakesTexts", is_wrongly(asked, "input")))
    # By default LangChain sends tokens of OpenAI's own tokenizer; this model would take them for its own.
    if not all(isinstance(each, str) for each in texts):
        raise Refusal(400, worded("inputNotTexts", show(given)))
    # As OpenAI does: a vector of nothing is like every other, or like none.
    if "" in texts:
        raise Refusal(400, worded("inputHasEmptyText"))
    if asked.get("encoding_format") not in (None, "float", "base64"):
        raise Refusal(400, worded("encodingFormatTakes", show(asked['encoding_format'])))
    dimensions = asked.get("dimensions")
    if dimensions is not None and not is_count(dimensions):
        raise Refusal(400, worded("dimensionsTake", show(dimensions)))
    return asked if dimensions is None else {**asked, "dimensions": int(dimensions)}


def is_streamed(body: dict[str, Any]) -> bool:
    return body.get("stream") is True


def wants_usage(body: Any) -> bool:
    options = body.get("stream_options") if isinstance(body, dict) else None
    return isinstance(options, dict) and options.get("include_usage") is True


def own_fields(asked: dict[str, Any]) -> dict[str, Any]:
    """The fields of the request that llama.cpp gets."""
    return {key: value for key, value in asked.items() if key not in _NOT_FOR_CLIENTS}


def _generation(body: Any) -> dict[str, Any]:
    """The fields that are not null, since OpenAI's API ignores null."""
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
    count = asked.get("n", 1)
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= _MOST_CHOICES:
        raise Refusal(400, f"n is {show(count)}; it takes a whole number from 1 to {_MOST_CHOICES}", param="n")
    seed = asked.get("seed", 0)
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise Refusal(400, f"seed is {show(seed)}; it takes a whole number", param="seed")
    return asked


def _object(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise Refusal(400, worded("bodyTakesObject", show(body)))
    stream = body.get("stream")
    if stream is not None and not isinstance(stream, bool):
        raise Refusal(400, worded("takesTrueOrFalse", "stream", show(stream)))
    return body
