"""
Sends requests to this container's own server, for a build's smoke test: without a network it cannot be reached from outside.
`python -m slipway_server.ask` waits until it is ready; with a PATH it posts standard input. Both print {status, body}.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
import time
from typing import Any

_POLL_SECONDS = 0.025


def ready() -> dict[str, Any]:
    """The caller sets the time limit; when the server ends, so does this process."""
    while True:
        try:
            answer = _ask("GET", "/ping", None)
            if answer["status"] == 200:
                return answer
        except OSError:
            pass
        time.sleep(_POLL_SECONDS)


def _ask(method: str, path: str, body: bytes | None) -> dict[str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT") or "8080"))
    try:
        connection.request(method, path, body, {"content-type": "application/json"})
        answer = connection.getresponse()
        return {"status": answer.status, "body": answer.read().decode("utf-8", "replace")}
    finally:
        connection.close()


if __name__ == "__main__":
    path = sys.argv[1] if len(sys.argv) > 1 else None
    json.dump(_ask("POST", path, sys.stdin.buffer.read()) if path else ready(), sys.stdout)
