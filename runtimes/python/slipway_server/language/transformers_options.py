"""Turns a request into options of transformers' generation; refuses options that only llama.cpp has."""

from __future__ import annotations

from typing import Any, Container

from ..refusal import Refusal, show
from .requests import MOST_LOGPROBS, UNBOUNDED


def count_of(request: dict[str, Any], room: int) -> int:
    asked = int(request.get("max_completion_tokens", request["max_tokens"]))
    return room if asked == UNBOUNDED else asked


def refuse_more(request: dict[str, Any]) -> None:
    """Refuses with 400 the options that only llama.cpp has."""
    for name in ("frequency_penalty", "presence_penalty", "logit_bias", "grammar", "json_schema"):
        if request.get(name):
            raise Refusal(400, f"{name} is {show(request[name])}, which is for models in GGUF; leave it out", param=name)
    form = request.get("response_format") or {}
    if not isinstance(form, dict) or form.get("type", "text") != "text":
        raise Refusal(400, "response_format is for models in GGUF; transformers writes text alone", param="response_format")


def template_options(request: dict[str, Any], template: Any, own: Container[str]) -> dict[str, Any]:
    """The variables that the chat template gets besides the messages, as in vLLM. Raises a Refusal for an effort that the template does not mention; `own` are the names that clients may not set."""
    options = request.get("chat_template_kwargs", {})
    if not isinstance(options, dict):
        raise Refusal(400, f"chat_template_kwargs is {show(options)}; it takes an object", param="chat_template_kwargs")
    taken = next((name for name in options if name in own), None)
    if taken is not None:
        raise Refusal(400, f"chat_template_kwargs has {show(taken)}, which is not a variable of a template", param="chat_template_kwargs")
    effort = request.get("reasoning_effort")
    if effort is None:
        return options
    if "reasoning_effort" not in str(template):
        raise Refusal(400, "reasoning_effort is not in the model's chat template: it would never be told of it; leave it out", param="reasoning_effort")
    return {**options, "reasoning_effort": effort}


def stops_of(request: dict[str, Any]) -> list[str]:
    stop = request.get("stop")
    stops = [stop] if isinstance(stop, str) else stop or []
    if isinstance(stops, list) and all(isinstance(each, str) and each for each in stops):
        return stops
    raise Refusal(400, f"stop is {show(stop)}; it takes a text, or a list of them")


def logprobs_of(request: dict[str, Any]) -> int:
    """The number of log-probabilities requested for a token: completions give a number, conversations give a flag, and the number in another field."""
    asked = request.get("logprobs")
    count = request.get("top_logprobs", 1) if asked is True else asked or 0
    if isinstance(count, int) and 0 <= count <= MOST_LOGPROBS:
        return count
    raise Refusal(400, f"logprobs is {show(asked)}; it takes a number from 0 to {MOST_LOGPROBS}")


def sampling_of(request: dict[str, Any]) -> dict[str, Any]:
    how: dict[str, Any] = {}
    for name, least, most in (("temperature", 0, 100), ("top_p", 0, 1), ("min_p", 0, 1), ("top_k", 0, 1_000_000)):
        value = request.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
            raise Refusal(400, f"{name} is {show(value)}; it takes a number from {least} to {most}")
        how[name] = value
    if not how:
        return {}
    if how.get("temperature", 1) == 0:
        return {"do_sample": False, "num_beams": 1, "temperature": None, "top_p": None, "top_k": None}
    return {"do_sample": True, "num_beams": 1, **{name: int(value) if name == "top_k" else float(value) for name, value in how.items()}}
