"""Calls of functions in a model's text: the forms that are known, by the chat template, and how to read them."""

from __future__ import annotations

import json
import uuid
from typing import Any, Iterator, NamedTuple

_TAG = "<tool_call>"
_TAG_END = "</tool_call>"


class Form(NamedTuple):
    """A call is JSON with a name and, under `arguments`, its arguments. It follows `tag`; where that is empty, the whole text is a call, or a list of them."""

    tag: str
    arguments: str


def form_of(template: Any) -> Form | None:
    """The form that a chat template teaches the model, recognized by the marks of real templates; None for an unknown form."""
    text = _for_tools(template)
    # Qwen, Hermes and SmolLM; their models for coders write calls in XML within the same tag.
    if _TAG in text and "arguments" in text and "<function=" not in text:
        return Form(_TAG, "arguments")
    # Mistral before its version 11, whose calls are not JSON as a whole; the tag is a special token, which no text has.
    if "[TOOL_CALLS]" in text and "[ARGS]" not in text:
        return Form("", "arguments")
    # Llama 3.1 and later.
    if '"parameters"' in text and "ipython" in text:
        return Form("", "parameters")
    return None


def takes_tools(template: Any) -> bool:
    return "tools" in _for_tools(template)


def _for_tools(template: Any) -> str:
    """The template by which transformers renders a conversation with tools, where there are several."""
    if isinstance(template, dict):
        template = template.get("tool_use", template.get("default"))
    return template if isinstance(template, str) else ""


def said_before(form: Form, text: str) -> str:
    """The beginning of an unfinished text that cannot be part of a call."""
    if not form.tag:
        return "" if text.lstrip()[:1] in ("", "{", "[") else text
    at = text.find(form.tag)
    if at >= 0:
        return text[:at]
    held = max((size for size in range(len(form.tag)) if text.endswith(form.tag[:size])), default=0)
    return text[: len(text) - held]


def calls_in(form: Form, text: str) -> tuple[str, list[dict[str, Any]]]:
    """The text without its calls, and the calls in OpenAI's form. A call that cannot be read stays text."""
    content, calls = [], []
    for piece, call in _tagged(form, text) if form.tag else _whole(form, text):
        content.append(piece)
        if call is not None:
            function = {"name": call["name"], "arguments": json.dumps(call[form.arguments], ensure_ascii=False)}
            calls.append({"index": len(calls), "id": f"call_{uuid.uuid4().hex}", "type": "function", "function": function})
    said = "".join(content)
    # The beginning stays unchanged: it may have been sent before the text was whole.
    return (said.rstrip() if calls else said), calls


def _tagged(form: Form, text: str) -> Iterator[tuple[str, Any]]:
    before, *parts = text.split(form.tag)
    yield before, None
    for part in parts:
        inner, end, after = part.partition(_TAG_END)
        call = _call(form, _json(inner))
        yield (after, call) if call else (f"{form.tag}{inner}{end}{after}", None)


def _whole(form: Form, text: str) -> Iterator[tuple[str, Any]]:
    said = _json(text)
    calls = [_call(form, each) for each in (said if isinstance(said, list) else [said])]
    if calls and all(calls):
        yield from (("", call) for call in calls)
    else:
        yield text, None


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    # A model may well repeat a bracket to the end of its answer.
    except (ValueError, RecursionError):
        return None


def _call(form: Form, said: Any) -> dict[str, Any] | None:
    is_call = isinstance(said, dict) and isinstance(said.get("name"), str) and isinstance(said.get(form.arguments), dict)
    return said if is_call else None


def as_templates_take(messages: Any) -> Any:
    """The messages in the form that templates take: the arguments of calls are objects, where OpenAI's API has JSON in a text, and a message without a text gets an empty one."""
    return [_taken(each) if isinstance(each, dict) and each.get("tool_calls") else each for each in messages]


def _taken(message: dict[str, Any]) -> dict[str, Any]:
    calls = [_with_objects(each) for each in message["tool_calls"]] if isinstance(message["tool_calls"], list) else message["tool_calls"]
    return {**message, "content": message.get("content") or "", "tool_calls": calls}


def _with_objects(call: Any) -> Any:
    function = call.get("function") if isinstance(call, dict) else None
    arguments = _json(function["arguments"]) if isinstance(function, dict) and isinstance(function.get("arguments"), str) else None
    return call if arguments is None else {**call, "function": {**function, "arguments": arguments}}
