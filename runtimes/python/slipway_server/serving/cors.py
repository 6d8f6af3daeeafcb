from __future__ import annotations

from typing import Any, Awaitable, Callable

from ..config import Cors

Send = Callable[[Any], Awaitable[None]]


def readable(cors: Cors, scope: Any, send: Send) -> Send:
    """
    Adds to an answer what a browser wants before it shows it to a page of another origin; the front door answers preflight requests.
    https://fetch.spec.whatwg.org/#http-cors-protocol
    """
    if not cors.origins:
        return send
    origin = next((value for name, value in scope["headers"] if name.lower() == b"origin"), b"")

    async def sending(message: Any) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            vary = [value for name, value in headers if name.lower() == b"vary"]
            # Also where nothing is allowed: a cache may keep that answer, and give it to a page that is.
            added = [(b"vary", b", ".join([*vary, b"origin"]))]
            if origin.decode("latin-1") in cors.origins:
                added += [(b"access-control-allow-origin", origin), (b"access-control-expose-headers", cors.exposed_headers.encode())]
            message = {**message, "headers": [each for each in headers if each[0].lower() != b"vary"] + added}
        await send(message)

    return sending
