"""What API Gateway says of a request that came through it: in the request context, which AWS's web adapter hands on, and before a container in headers of its own."""

from __future__ import annotations

import json
import re
from typing import Any, Callable

Header = Callable[[str], "str | None"]


def api_context(header: Header) -> dict[str, Any]:
    """https://github.com/awslabs/aws-lambda-web-adapter#request-context"""
    try:
        context = json.loads(header("x-amzn-request-context") or "{}")
    except ValueError:
        return {}
    return context if isinstance(context, dict) else {}


def request_id(header: Header) -> str:
    """The id that the client or the gateway gave a request, else the API's own, as its access log has it; empty without one."""
    given = (header("x-request-id"), header("x-slipway-request-id"), api_context(header).get("requestId"))
    # It comes from the client, and goes to the log.
    return next((str(each) for each in given if re.fullmatch(r"[A-Za-z0-9_.:/+=@-]{1,128}", str(each or ""))), "")
