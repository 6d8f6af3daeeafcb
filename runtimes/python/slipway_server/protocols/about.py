from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from .api_gateway import Header, api_context

# Nobody reads a longer command line.
_LONGEST_CURL = 500


class Sample(NamedTuple):
    """A request that works, and the path that takes it; the body is None when no such request is known."""

    path: str
    body: Any


def about_of(metadata: dict[str, Any], document: dict[str, Any], sample: Sample, header: Header) -> dict[str, Any]:
    """The answer at the model's own address: its description, its paths, and a command that calls it, null when no request is known to work."""
    paths = {
        f"{method.upper()} {path}": operation["summary"]
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    # Clients of KServe's first protocol take this for a server that is alive.
    alive = {"status": "alive"}
    return {**metadata, **alive, "paths": paths, "curl": None if sample.body is None else _curl(sample, header)}


def text_of_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _curl(sample: Sample, header: Header) -> str:
    origin, path, is_keyed = _address(header)
    body = text_of_json(sample.body)
    key = ' -H "authorization: Bearer $SLIPWAY_KEY"' if is_keyed else ""
    post = f"curl {origin}{path}{sample.path}{key} -H 'content-type: application/json'"
    if len(body) <= _LONGEST_CURL:
        quoted = body.replace("'", "'\\''")
        return f"{post} -d '{quoted}'"
    return f"curl -s {origin}{path}/example.json{key} | {post} -d @-"


class _Address(NamedTuple):
    origin: str
    path: str
    is_keyed: bool


def _address(header: Header) -> _Address:
    """The address at which the client reaches this server, from the proxy's headers, else from the request itself; API Gateway also requires a key."""
    domain, path = _api_request(header)
    if domain and path:
        # The model's own path, in whichever way `docs` below it was requested; a model may be named `docs` too.
        own = re.sub(r"(/models/[^/]+)/(docs)?$", r"\1", path)
        return _Address(f"https://{_host_in(domain)}", _path_in(own), True)
    host = _host_in(header("x-forwarded-host") or header("host") or "")
    protocol = "https" if header("x-forwarded-proto") == "https" else "http"
    return _Address(f"{protocol}://{host}", _path_in(header("x-forwarded-prefix") or ""), False)


def _api_request(header: Header) -> tuple[str, str]:
    """The domain and path of the request to API Gateway: from API Gateway's headers in a container, and from the request context that AWS's web adapter passes on."""
    domain, path = header("x-slipway-domain"), header("x-slipway-path")
    if domain and path:
        return domain, path
    context = api_context(header)
    return str(context.get("domainName") or ""), str(context.get("path") or "")


# Unless a proxy overrides it, the host comes from the client, and it becomes part of a command.
def _host_in(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z0-9_.:\[\]-]{1,255}", text) else "HOST"


def _path_in(text: str) -> str:
    return text if re.fullmatch(r"(/[A-Za-z0-9_.-]+)*", text) else ""
