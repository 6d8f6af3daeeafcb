"""The chunks of a streamed answer, as one answer."""

from __future__ import annotations

from typing import Any, Iterable


def merged(chunks: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The whole answer that the chunks of a stream add up to, for OpenAI's completions and chat completions."""
    answer: dict[str, Any] = {}
    choices: dict[int, dict[str, Any]] = {}
    for chunk in chunks:
        answer.update({key: value for key, value in chunk.items() if key not in ("choices", "usage")})
        if "usage" in chunk:
            answer["usage"] = added(answer.get("usage"), chunk["usage"])
        for choice in chunk["choices"]:
            _add(choices.setdefault(choice["index"], {"index": choice["index"]}), choice)
    if answer.get("object") == "chat.completion.chunk":
        answer["object"] = "chat.completion"
    answer["choices"] = [choices[index] for index in sorted(choices)]
    return answer


def _add(whole: dict[str, Any], part: dict[str, Any]) -> None:
    if "text" in part:
        whole["text"] = whole.get("text", "") + part["text"]
    if "delta" in part:
        _add_delta(whole.setdefault("message", {"role": "assistant", "content": None}), part["delta"])
    whole["logprobs"] = _logprobs(whole.get("logprobs"), part.get("logprobs"))
    whole["finish_reason"] = part.get("finish_reason") or whole.get("finish_reason")


def _add_delta(message: dict[str, Any], delta: dict[str, Any]) -> None:
    for key, value in delta.items():
        if key == "tool_calls":
            for call in value:
                _add_call(message.setdefault("tool_calls", []), call)
        elif isinstance(value, str) and key != "role":
            message[key] = (message.get(key) or "") + value


def _add_call(calls: list[dict[str, Any]], part: dict[str, Any]) -> None:
    """Adds a part of a tool call: its name comes first, and then its arguments letter by letter."""
    while len(calls) <= part["index"]:
        calls.append({"type": "function", "function": {"name": "", "arguments": ""}})
    call = calls[part["index"]]
    call.update({key: part[key] for key in ("id", "type") if key in part})
    for key, value in part.get("function", {}).items():
        call["function"][key] += value


def added(whole: Any, part: Any) -> Any:
    """The usage of several prompts, which are counted one by one."""
    if not whole:
        return part
    return {key: value + whole[key] if isinstance(value, int) else value for key, value in part.items()}


def _logprobs(whole: Any, part: Any) -> Any:
    if not part:
        return whole
    return {key: [*(whole or {}).get(key, []), *values] for key, values in part.items() if isinstance(values, list)}
