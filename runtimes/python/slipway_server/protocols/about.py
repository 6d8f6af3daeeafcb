from __future__ import annotations

import json
import re
from typing import Any, Callable

# A longer command line is not read by anyone.
_LONGEST_CURL = 500

Header = Callable[[str], "str | None"]


def about_of(metadata: dict[str, Any], document: dict[str, Any], example: Any, header: Header) -> dict[str, Any]:
    """The answer at the model's own address: what it is, its paths, and a command that calls it, null when no request is known to work."""
    paths = {
        f"{method.upper()} {path}": operation["summary"]
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    return {**metadata, "paths": paths, "curl": None if example is None else _curl(text_of_json(example), header)}


def text_of_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _curl(body: str, header: Header) -> str:
    base, is_keyed = _address(header)
    key = ' -H "authorization: Bearer $SLIPWAY_KEY"' if is_keyed else ""
    post = f"curl {base}/invocations{key} -H 'content-type: application/json'"
    if len(body) <= _LONGEST_CURL:
        quoted = body.replace("'", "'\\''")
        return f"{post} -d '{quoted}'"
    return f"curl -s {base}/example.json{key} | {post} -d @-"


def _address(header: Header) -> tuple[str, bool]:
    """The address at which the client reaches this server, from the proxy's headers, else from the request itself; API Gateway also requires a key."""
    domain, path = _api_request(header("x-amzn-request-context"))
    if domain and path:
        return f"https://{_host_in(domain)}{_path_in(path)}", True
    host = _host_in(header("x-forwarded-host") or header("host") or "")
    protocol = "https" if header("x-forwarded-proto") == "https" else "http"
    return f"{protocol}://{host}{_path_in(header('x-forwarded-prefix') or '')}", False


def _api_request(text: str | None) -> tuple[str, str]:
    """The request context that AWS's web adapter passes on; its `path` ends in the requested path."""
    try:
        context = json.loads(text or "{}")
        return str(context.get("domainName") or ""), re.sub(r"/(docs)?$", "", str(context.get("path") or ""))
    except (ValueError, AttributeError):
        return "", ""


# Unless a proxy overrides it, the host comes from the client, and it becomes part of a command.
def _host_in(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z0-9_.:\[\]-]{1,255}", text) else "HOST"


def _path_in(text: str) -> str:
    return text if re.fullmatch(r"(/[A-Za-z0-9_.-]+)*", text) else ""
