"""Maps OpenAI's Responses API to a conversation: a request becomes one, and its answer takes the API's form. Nothing is stored: each request has all of its conversation."""

from __future__ import annotations

from typing import Any

from ..language.requests import FORMS
from ..refusal import Refusal, is_count, is_wrongly, show
from ..worded import worded

# Fields that a chat completion has under the same name.
_SAME = (
    *("model", "stream", "temperature", "top_p", "parallel_tool_calls", "seed", "stop", "frequency_penalty", "presence_penalty"),
    *("top_k", "min_p", "repeat_penalty", "chat_template_kwargs", "user"),
)
# These are read below, or have no effect here: they are for OpenAI's own accounts and caches.
_READ = (
    *("input", "instructions", "max_output_tokens", "tools", "tool_choice", "text", "include", "top_logprobs", "reasoning"),
    *("metadata", "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "stream_options"),
)
# Fields that this server does not support, with the values that ask for nothing, and advice.
_STATELESS = "nothing is stored here: send the whole conversation as input"
_NOT_DONE: dict[str, tuple[tuple[Any, ...], str]] = {
    "previous_response_id": ((), _STATELESS),
    "conversation": ((), _STATELESS),
    "store": ((False,), _STATELESS),
    "background": ((False,), "wait for the answer, or stream it"),
    "truncation": (("disabled",), "leave messages out of the input"),
    "service_tier": (("auto", "default"), "leave it out"),
    "prompt": ((), "send its text as input"),
    "max_tool_calls": ((), "leave it out"),
}
_LOGPROBS = "message.output_text.logprobs"
# This server never produces the second one, so an answer that includes it is the same.
_INCLUDED = (_LOGPROBS, "reasoning.encrypted_content")
_TEXTS = ("input_text", "output_text", "text", "refusal")


def chat_of(body: Any) -> dict[str, Any]:
    """The body of the equivalent chat completion. Raises a Refusal with 400 that names the field which is wrong, or which this server does not support."""
    if not isinstance(body, dict):
        raise Refusal(400, worded("bodyTakesObject", show(body)))
    given = {name: value for name, value in body.items() if value is not None}
    for name, value in given.items():
        nothing, way = _NOT_DONE.get(name, ((), ""))
        if name in _NOT_DONE and value not in nothing:
            raise Refusal(400, f"{name} is {show(value)}, which this server does not do; {way}", param=name)
        if name not in (*_SAME, *_READ, *_NOT_DONE):
            raise Refusal(400, f"Unknown parameter: '{name}'.", code="unknown_parameter", param=name)
    return {
        **{name: given[name] for name in _SAME if name in given},
        **_most_tokens(given),
        **_tools(given),
        **_form(given),
        **_logprobs(given),
        **_effort(given),
        "messages": _messages(given),
    }


def _most_tokens(given: dict[str, Any]) -> dict[str, Any]:
    if "max_output_tokens" not in given:
        return {}
    most = given["max_output_tokens"]
    if not is_count(most):
        raise Refusal(400, f"max_output_tokens is {show(most)}; it takes a whole number from 1", param="max_output_tokens")
    return {"max_tokens": int(most)}


def _messages(given: dict[str, Any]) -> list[dict[str, Any]]:
    asked = given.get("input")
    if not isinstance(asked, (str, list)) or not asked:
        raise Refusal(400, f"input {is_wrongly(given, 'input')}; it takes a text, or a list of items", param="input")
    instructions = given.get("instructions", "")
    if not isinstance(instructions, str):
        raise Refusal(400, f"instructions is {show(instructions)}; it takes a text", param="instructions")
    messages: list[dict[str, Any]] = [{"role": "system", "content": instructions}] if instructions else []
    for item in [{"role": "user", "content": asked}] if isinstance(asked, str) else asked:
        _add(messages, item)
    return messages


def _add(messages: list[dict[str, Any]], item: Any) -> None:
    kind = item.get("type", "message") if isinstance(item, dict) else None
    if kind == "message" and "role" in item:
        messages.append({"role": item["role"], "content": _content(item.get("content"))})
    elif kind == "function_call":
        call = {"id": item.get("call_id"), "type": "function", "function": {"name": item.get("name"), "arguments": item.get("arguments", "{}")}}
        if not messages or messages[-1]["role"] != "assistant":
            messages.append({"role": "assistant", "content": ""})
        messages[-1].setdefault("tool_calls", []).append(call)
    elif kind == "function_call_output":
        messages.append({"role": "tool", "tool_call_id": item.get("call_id"), "content": _content(item.get("output"))})
    elif kind != "reasoning":
        said = show(kind) if kind else show(item)
        raise Refusal(400, f"input has an item of type {said}; it takes message, function_call, function_call_output and reasoning", param="input")


def _content(content: Any) -> Any:
    """A single text unchanged; several as parts of a chat message."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise Refusal(400, f"input has a content that is {show(content)}; it takes a text, or a list of parts", param="input")
    parts = [_part(each) for each in content]
    return "".join(part["text"] for part in parts) if all(part["type"] == "text" for part in parts) else parts


def _part(part: Any) -> dict[str, Any]:
    kind = part.get("type") if isinstance(part, dict) else None
    text = part.get("text", part.get("refusal")) if kind in _TEXTS else None
    if isinstance(text, str):
        return {"type": "text", "text": text}
    if kind == "input_image" and isinstance(part.get("image_url"), str):
        return {"type": "image_url", "image_url": {"url": part["image_url"]}}
    raise Refusal(400, f"input has a part of type {show(kind)}; it takes input_text and output_text with a text", param="input")


def _tools(given: dict[str, Any]) -> dict[str, Any]:
    tools = given.get("tools", [])
    if not isinstance(tools, list) or not all(isinstance(each, dict) and each.get("type") == "function" for each in tools):
        kinds = [each.get("type") for each in tools if isinstance(each, dict)] if isinstance(tools, list) else []
        other = next((show(kind) for kind in kinds if kind != "function"), show(tools))
        raise Refusal(400, f"tools has {other}; it takes functions, which the client calls", param="tools")
    functions = [{"type": "function", "function": {name: value for name, value in each.items() if name != "type"}} for each in tools]
    choice = given.get("tool_choice")
    if isinstance(choice, dict) and choice.get("type") == "function":
        choice = {"type": "function", "function": {"name": choice.get("name")}}
    return {**({"tools": functions} if functions else {}), **({"tool_choice": choice} if choice is not None else {})}


def _form(given: dict[str, Any]) -> dict[str, Any]:
    text = given.get("text", {})
    if not isinstance(text, dict):
        raise Refusal(400, f"text is {show(text)}; it takes an object with a format", param="text")
    form = text.get("format") or {"type": "text"}
    kind = form.get("type") if isinstance(form, dict) else None
    if kind not in FORMS:
        raise Refusal(400, f"text.format is {show(kind) if kind else show(form)}; its type is one of {', '.join(FORMS)}", param="text.format")
    if text.get("verbosity") not in (None, "medium"):
        raise Refusal(400, f"text.verbosity is {show(text['verbosity'])}, which this server does not do; say it in the input", param="text.verbosity")
    if kind == "json_schema" and not isinstance(form.get("schema"), dict):
        raise Refusal(400, "text.format is json_schema without a schema; it takes schema", param="text.format")
    if kind == "json_schema":
        return {"response_format": {"type": "json_schema", "json_schema": {name: value for name, value in form.items() if name != "type"}}}
    return {} if kind == "text" else {"response_format": form}


def _logprobs(given: dict[str, Any]) -> dict[str, Any]:
    include = given.get("include", [])
    other = next((each for each in include if each not in _INCLUDED), None) if isinstance(include, list) else include
    if other is not None:
        raise Refusal(400, f"include has {show(other)}; it takes {_LOGPROBS}", param="include")
    if _LOGPROBS in include or "top_logprobs" in given:
        return {"logprobs": True, "top_logprobs": given.get("top_logprobs", 0)}
    return {}


def _effort(given: dict[str, Any]) -> dict[str, Any]:
    reasoning = given.get("reasoning", {})
    if not isinstance(reasoning, dict):
        raise Refusal(400, f"reasoning is {show(reasoning)}; it takes an object", param="reasoning")
    return {"reasoning_effort": reasoning["effort"]} if reasoning.get("effort") is not None else {}
