"""How the chunks of a language model become an answer of OpenAI's API: whole, or as server-sent events."""

from __future__ import annotations

from typing import Any, Iterable, Protocol

from ..language.merging import merged
from ..protocols.openai import DONE, chunk_json, error_json, event, without_usage
from ..protocols.response_events import Event, Response
from ..refusal import Refusal


class Telling(Protocol):
    """`whole` makes one answer of all chunks. In a stream `begin` makes the first event, `piece` one for each chunk, and `end` or `failed` the last."""

    def whole(self, chunks: Iterable[dict[str, Any]]) -> dict[str, Any]: ...
    def begin(self) -> bytes: ...
    def piece(self, chunk: dict[str, Any]) -> bytes: ...
    def end(self) -> bytes: ...
    def failed(self, refused: Refusal) -> bytes: ...


class Completion:
    """The answers of /v1/completions and /v1/chat/completions, by the model's own name; a stream has its usage only where the client asks for it."""

    def __init__(self, model: str, has_usage: bool) -> None:
        self._model, self._has_usage = model, has_usage

    def whole(self, chunks: Iterable[dict[str, Any]]) -> dict[str, Any]:
        return chunk_json(merged(chunks), self._model)

    def begin(self) -> bytes:
        return b""

    def piece(self, chunk: dict[str, Any]) -> bytes:
        told = chunk if self._has_usage else without_usage(chunk)
        return b"" if told is None else event(chunk_json(told, self._model))

    def end(self) -> bytes:
        return DONE

    def failed(self, refused: Refusal) -> bytes:
        return event(error_json(refused))


class Responding:
    """/v1/responses, which answers the request `body`."""

    def __init__(self, body: dict[str, Any], model: str) -> None:
        self._response = Response(body, model)

    def whole(self, chunks: Iterable[dict[str, Any]]) -> dict[str, Any]:
        for chunk in chunks:
            self._response.see(chunk)
        self._response.finish()
        return self._response.json()

    def begin(self) -> bytes:
        return _named(self._response.begin())

    def piece(self, chunk: dict[str, Any]) -> bytes:
        return _named(self._response.see(chunk))

    def end(self) -> bytes:
        return _named(self._response.finish())

    def failed(self, refused: Refusal) -> bytes:
        return _named([self._response.failed(refused.code, refused.message)])


def _named(events: list[Event]) -> bytes:
    return b"".join(b"event: %b\n%b" % (each["type"].encode(), event(each)) for each in events)
