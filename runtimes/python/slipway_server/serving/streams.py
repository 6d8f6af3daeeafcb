"""Answers that come piece by piece: values as lines of JSON, or as server-sent events where the client accepts those."""

from __future__ import annotations

import json
from typing import Any, Iterator, Union

# All of an answer, or its pieces in their order.
Content = Union[bytes, Iterator[bytes]]

LINES, EVENTS = "application/x-ndjson", "text/event-stream"


def streamed(values: Iterator[Any], accept: str) -> tuple[Iterator[bytes], str]:
    """A piece for each value of JSON, and their type. The first is made at once: what fails before it is answered as any other failure is."""
    type_ = EVENTS if _accepts_events(accept) else LINES
    pieces = _pieces(values, type_)
    return _begun(next(pieces, None), pieces), type_


def failure_piece(message: str, type_: str) -> bytes:
    """The last piece of a stream that failed on its way."""
    text = dumped({"error": message})
    return _encoded(f"event: error\ndata: {text}\n\n" if type_ == EVENTS else f"{text}\n")


def values_of(content: bytes) -> Any:
    """What an answer says: JSON, or of several lines of it the list of them. Raises ValueError where it is neither."""
    try:
        return json.loads(content)
    except ValueError:
        return [json.loads(line) for line in content.splitlines()]


def dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _pieces(values: Iterator[Any], type_: str) -> Iterator[bytes]:
    for value in values:
        yield _encoded(f"data: {dumped(value)}\n\n" if type_ == EVENTS else f"{dumped(value)}\n")


def _begun(first: bytes | None, others: Iterator[bytes]) -> Iterator[bytes]:
    if first is not None:
        yield first
        yield from others


def _accepts_events(accept: str) -> bool:
    ranges = [[part.strip() for part in each.split(";")] for each in accept.lower().split(",")]
    return any(essence == EVENTS and not {"q=0", "q=0.0"} & set(parameters) for essence, *parameters in ranges)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")
