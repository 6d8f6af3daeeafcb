"""The answer of OpenAI's Responses API, made from the chunks of a chat completion: an event for each change, and the response as it stands."""

from __future__ import annotations

import time
import uuid
from typing import Any

Event = dict[str, Any]


class Response:
    """A response in progress: `body` is the request; `model` the name in the answer."""

    def __init__(self, body: dict[str, Any], model: str) -> None:
        self._body, self._model = body, model
        self._id, self._created = f"resp_{uuid.uuid4().hex}", int(time.time())
        self._output: list[_Item] = []
        self._open: _Item | None = None
        self._usage: dict[str, Any] | None = None
        self._status, self._reason, self._sequence = "in_progress", None, 0

    def begin(self) -> list[Event]:
        return [self._event("response.created", response=self.json()), self._event("response.in_progress", response=self.json())]

    def see(self, chunk: dict[str, Any]) -> list[Event]:
        events: list[Event] = []
        for choice in chunk.get("choices", ()):
            delta = choice.get("delta") or {}
            if delta.get("reasoning_content"):
                events += self._grown("reasoning", delta["reasoning_content"])
            if delta.get("content"):
                marks = (choice.get("logprobs") or {}).get("content") or []
                events += self._grown("message", delta["content"], marks)
            for call in delta.get("tool_calls") or ():
                events += self._called(call)
            self._reason = choice.get("finish_reason") or self._reason
        self._usage = chunk.get("usage") or self._usage
        return events

    def finish(self) -> list[Event]:
        """The events after the last chunk."""
        events = [] if self._output else self._begun(_Item("message"))
        is_cut = self._reason == "length"
        self._status = "incomplete" if is_cut else "completed"
        return [*events, *self._closed(self._status), self._event(f"response.{self._status}", response=self.json())]

    def failed(self, code: str | None, message: str) -> Event:
        """The last event of an answer that ends in an error."""
        return self._event("error", code=code or "server_error", message=message, param=None)

    def json(self) -> dict[str, Any]:
        body = self._body
        text = body.get("text") or {}
        return {
            "id": self._id,
            "object": "response",
            "created_at": self._created,
            "status": self._status,
            "background": False,
            "error": None,
            "incomplete_details": {"reason": "max_output_tokens"} if self._status == "incomplete" else None,
            "instructions": body.get("instructions"),
            "max_output_tokens": body.get("max_output_tokens"),
            "metadata": body.get("metadata") or {},
            "model": self._model,
            "output": [item.json() for item in self._output],
            "parallel_tool_calls": body.get("parallel_tool_calls") is not False,
            "previous_response_id": None,
            "reasoning": {"effort": None, "summary": None, **(body.get("reasoning") or {})},
            "store": False,
            "temperature": body.get("temperature"),
            "text": {**text, "format": text.get("format") or {"type": "text"}},
            "tool_choice": body.get("tool_choice") or "auto",
            "tools": body.get("tools") or [],
            "top_p": body.get("top_p"),
            "truncation": "disabled",
            "usage": _usage(self._usage) if self._usage and self._status != "in_progress" else None,
            "user": body.get("user"),
        }

    def _grown(self, kind: str, text: str, marks: Any = ()) -> list[Event]:
        """The events for more text of a message or a reasoning."""
        events = [] if self._open and self._open.kind == kind else self._begun(_Item(kind))
        item = self._current()
        item.text += text
        item.marks += marks
        logprobs = {"logprobs": list(marks)} if kind == "message" else {}
        return [*events, self._event(f"response.{item.part_type()}.delta", **self._place(), content_index=0, delta=text, **logprobs)]

    def _called(self, call: dict[str, Any]) -> list[Event]:
        """The events for the beginning of a call, or for more of its arguments."""
        function, is_same = call.get("function") or {}, self._open is not None and self._open.call == call["index"]
        events = [] if is_same else self._begun(_Item("function_call", call["index"], call.get("id"), function.get("name")))
        arguments = function.get("arguments") or ""
        self._current().text += arguments
        return [*events, self._event("response.function_call_arguments.delta", **self._place(), delta=arguments)] if arguments else events

    def _begun(self, item: _Item) -> list[Event]:
        events = self._closed("completed")
        self._output.append(item)
        self._open = item
        events.append(self._event("response.output_item.added", output_index=len(self._output) - 1, item=item.begun()))
        if item.kind != "function_call":
            part = {**item.part(), "text": ""}
            events.append(self._event("response.content_part.added", **self._place(), content_index=0, part=part))
        return events

    def _closed(self, status: str) -> list[Event]:
        item = self._open
        if item is None:
            return []
        item.status = status
        if item.kind == "function_call":
            ended = [self._event("response.function_call_arguments.done", **self._place(), name=item.name, arguments=item.text)]
        else:
            logprobs = {"logprobs": item.marks} if item.kind == "message" else {}
            ended = [
                self._event(f"response.{item.part_type()}.done", **self._place(), content_index=0, text=item.text, **logprobs),
                self._event("response.content_part.done", **self._place(), content_index=0, part=item.part()),
            ]
        self._open = None
        return [*ended, self._event("response.output_item.done", output_index=len(self._output) - 1, item=item.json())]

    def _current(self) -> _Item:
        assert self._open is not None
        return self._open

    def _place(self) -> dict[str, Any]:
        return {"item_id": self._current().id, "output_index": len(self._output) - 1}

    def _event(self, kind: str, **more: Any) -> Event:
        self._sequence += 1
        return {"type": kind, "sequence_number": self._sequence - 1, **more}


_IDS = {"message": "msg", "reasoning": "rs", "function_call": "fc"}


class _Item:
    """A message, a reasoning or a call of a function: `call` is its number among the calls, `text` its text or its arguments."""

    def __init__(self, kind: str, call: int | None = None, call_id: str | None = None, name: str | None = None) -> None:
        self.kind, self.call, self.name = kind, call, name
        self.id, self.call_id = f"{_IDS[kind]}_{uuid.uuid4().hex}", call_id or f"call_{uuid.uuid4().hex}"
        self.status, self.text = "in_progress", ""
        self.marks: list[Any] = []

    def part_type(self) -> str:
        return "output_text" if self.kind == "message" else "reasoning_text"

    def part(self) -> dict[str, Any]:
        own = {"annotations": [], "logprobs": self.marks} if self.kind == "message" else {}
        return {"type": self.part_type(), "text": self.text, **own}

    def begun(self) -> dict[str, Any]:
        """The item while it is still empty."""
        return {**self.json(), **({"arguments": ""} if self.kind == "function_call" else {"content": []})}

    def json(self) -> dict[str, Any]:
        about = {"id": self.id, "type": self.kind, "status": self.status}
        if self.kind == "function_call":
            return {**about, "call_id": self.call_id, "name": self.name, "arguments": self.text}
        own = {"role": "assistant"} if self.kind == "message" else {"summary": []}
        return {**about, **own, "content": [self.part()]}


def _usage(usage: dict[str, Any]) -> dict[str, Any]:
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0)
    return {
        "input_tokens": usage["prompt_tokens"],
        "input_tokens_details": {"cached_tokens": cached},
        "output_tokens": usage["completion_tokens"],
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": usage["total_tokens"],
    }
