from __future__ import annotations

from typing import Any, AsyncIterator, Awaitable, Callable, NamedTuple

import msgspec
from falcon.asgi import Request

JSON = "application/json"


class Answer(NamedTuple):
    body: bytes | AsyncIterator[bytes]
    content_type: str = JSON
    headers: dict[str, str] = {}
    status: int = 200


def json_answer(value: Any) -> Answer:
    return Answer(msgspec.json.encode(value))


async def client_gone(request: Request) -> None:
    """Returns when the client has left."""
    receive: Callable[[], Awaitable[dict[str, Any]]] = request.scope["slipway.receive"]
    while (await receive())["type"] != "http.disconnect":
        pass
