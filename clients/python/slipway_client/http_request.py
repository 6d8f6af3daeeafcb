"""Requests over HTTP by the standard library, whose refusals are failures."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from typing import Any

from .failure import Failure

NAMES = {
    400: "InputInvalid",
    401: "PlatformDenied",
    403: "PlatformDenied",
    404: "InputInvalid",
    409: "PhaseConflict",
    413: "InputInvalid",
    422: "ArtifactRejected",
    429: "PlatformThrottled",
    507: "StorageFull",
}
# A model may take 15 minutes for a request where it runs in a container.
TIMEOUT_SECONDS = 960

# A server on this machine is never behind a proxy.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_THROUGH_PROXIES = urllib.request.build_opener()


def send(
    url: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | Iterable[bytes] | None = None,
    is_here: bool = False,
) -> tuple[bytes, str]:
    """The answer's body and content type. `is_here` says that this machine answers.

    Fails with a `Failure` named for the status of a refusal, with the server's own words, and with
    `PlatformUnavailable` if there is no answer.
    """
    request = urllib.request.Request(url, data=body, method=method, headers=dict(headers or {}))
    opener = _DIRECT if is_here else _THROUGH_PROXIES
    try:
        with opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
            return answer.read(), answer.headers.get_content_type()
    except urllib.error.HTTPError as error:
        with error:
            raise _refusal(error.code, error.read(), url) from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise Failure("PlatformUnavailable", f"{url} does not answer: {reason}") from error


def _refusal(status: int, body: bytes, url: str) -> Failure:
    name = NAMES.get(status, "PlatformUnavailable")
    told = _json_object(body)
    said = told.get("error") or told.get("message") or body.decode("utf-8", "replace")[:500]
    reason = said if isinstance(said, str) else json.dumps(said)
    return Failure(name, reason or f"{url} answered {status}", str(told.get("fix") or ""))


def _json_object(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
