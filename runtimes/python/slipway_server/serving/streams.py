"""Streamed answers: values as JSON lines, or as server-sent events if the client accepts those."""

from __future__ import annotations

import json
from typing import Any, Iterator, Union

# A complete answer, or its pieces in order.
Content = Union[bytes, Iterator[bytes]]

LINES, EVENTS = "application/x-ndjson", "text/event-stream"


def streamed(values: Iterator[Any], accept: str) -> tuple[Iterator[bytes], str]:
    """A piece for each JSON value, and the content type. The first is made at once, so that a failure before it is answered like any other."""
    type_ = EVENTS if _accepts_events(accept) else LINES
    pieces = _pieces(values, type_)
    return _begun(next(pieces, None), pieces), type_


def failure_piece(message: str, type_: str) -> bytes:
    """The last piece of a stream that failed midway."""
    text = dumped({"error": message})
    return _encoded(f"event: error\ndata: {text}\n\n" if type_ == EVENTS else f"{text}\n")


def values_of(content: bytes) -> Any:
    """An answer's value: JSON, or a list of the values of several JSON lines. Raises ValueError when it is neither."""
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
