from __future__ import annotations

from typing import Any, Awaitable, Callable

Send = Callable[[Any], Awaitable[None]]

# All headers that this server itself gives an answer.
_OWN = frozenset(
    (
        *(b"content-type", b"content-length", b"content-encoding", b"inference-header-content-length"),
        *(b"allow", b"accept-encoding", b"retry-after", b"vary", b"x-amzn-errortype", b"x-request-id", b"x-slipway-warning"),
        *(b"content-security-policy", b"referrer-policy"),
    )
)
_NOSNIFF = (b"x-content-type-options", b"nosniff")


def only_own(send: Send) -> Send:
    """
    Leaves an answer no header by which the model's code would act on other models, which browsers take for the same origin: no cookies, no service worker of all paths, no CORS.
    API Gateway passes on what it gets. Code that changes the HTTP server itself is not held by this: docs/security.md.
    """

    async def sending(message: Any) -> None:
        if message["type"] == "http.response.start":
            kept = [each for each in message.get("headers", ()) if each[0].lower() in _OWN]
            message = {**message, "headers": [*kept, _NOSNIFF]}
        await send(message)

    return sending
