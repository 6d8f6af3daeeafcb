"""Adds the routes and answers that Slipway expects of a model server and vLLM does not provide."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from typing import Any, Awaitable, Callable

from .scoring import RENDER_PATH, SCORE_PATH, answer_own, is_own

Asgi = Callable[[Any, Any, Any], Awaitable[None]]

# Callers' credentials for the gateway may give access to other models too.
_KEYS = (b"authorization", b"x-api-key")


class Slipway:
    """Names the revision in each answer, lets pages of CORS_ORIGINS read it, removes callers' keys, describes at `/` how to call the model, and ends the server with its parent."""

    def __init__(self, app: Asgi) -> None:
        self._app = app
        self._revision = os.environ.get("SLIPWAY_REVISION", "").encode()
        self._origins = tuple(filter(None, os.environ.get("CORS_ORIGINS", "").encode().split(b",")))
        self._exposed = os.environ.get("CORS_EXPOSED_HEADERS", "").encode()
        if os.environ.get("END_WITH_STDIN"):
            threading.Thread(target=_end_with_stdin, daemon=True, name="parent").start()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)

        origin = next((value for name, value in scope["headers"] if name.lower() == b"origin"), b"")

        async def named(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *self._added(origin)]
            await send(message)

        scope = {**scope, "path": _plain(scope["path"]), "headers": [each for each in scope["headers"] if each[0].lower() not in _KEYS]}
        if scope["path"] in (SCORE_PATH, RENDER_PATH) and scope["method"] == "POST" and is_own(scope["headers"]):
            return await answer_own(self._app, scope, receive, named)
        if scope["path"] in ("", "/") and scope["method"] in ("GET", "HEAD"):
            return await _about(named)
        await self._app(scope, receive, named)

    def _added(self, origin: bytes) -> list[tuple[bytes, bytes]]:
        added = [(b"x-content-type-options", b"nosniff")]
        if self._revision:
            added.append((b"x-slipway-revision", self._revision))
        if self._origins:
            # Also where nothing is allowed: a cache may keep that answer, and give it to a page that is.
            added.append((b"vary", b"origin"))
        if origin in self._origins:
            added += [(b"access-control-allow-origin", origin), (b"access-control-expose-headers", self._exposed)]
        return added


# The same paths as in runtimes/python.
_OPENAI = ("/chat/completions", "/completions", "/embeddings", "/models", "/responses")


def _plain(path: str) -> str:
    """The path below /v1, where OpenAI's paths are; some clients use an address without it."""
    return f"/v1{path}" if path in _OPENAI else path


async def _about(send: Any) -> None:
    name, version = os.environ["MODEL_NAME"], os.environ.get("MODEL_VERSION", "")
    paths = ["/v1/chat/completions", "/v1/completions", "/v1/models", "/invocations", "/ping", "/openapi.json"]
    example = {"model": name, "messages": [{"role": "user", "content": "Hello"}]}
    about = {"model": name, "version": version, "server": "vLLM", "paths": paths, "example": {paths[0]: example}}
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(about).encode()})


def _end_with_stdin() -> None:
    """Ends when standard input closes: then the process that started it has ended, even by kill -9."""
    try:
        while os.read(sys.stdin.fileno(), 65_536):
            pass
    except OSError:
        pass
    os.kill(os.getpid(), signal.SIGKILL)
