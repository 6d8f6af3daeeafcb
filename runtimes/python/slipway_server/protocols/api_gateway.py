"""Reads API Gateway's information about a request: from the request context, which AWS's web adapter passes on, and in a container from headers."""

from __future__ import annotations

import json
import re
from typing import Any, Callable, Mapping

Header = Callable[[str], "str | None"]

_BY_THE_ADAPTER = (b"x-amzn-request-context",)
_BY_THE_API = (b"x-slipway-domain", b"x-slipway-path", b"x-slipway-key-id", b"x-slipway-request-id")


def claims_of_clients(env: Mapping[str, str]) -> tuple[bytes, ...]:
    """
    The headers that only a client can have set, so that nobody may trust them. On Lambda, AWS's web adapter passes on API Gateway's information about a request; in front of a container, API Gateway itself does. Each of these headers replaces the client's.
    On one machine the gateway removes both.
    """
    return _BY_THE_API if env.get("AWS_LAMBDA_FUNCTION_NAME") else _BY_THE_ADAPTER


def api_context(header: Header) -> dict[str, Any]:
    """https://github.com/awslabs/aws-lambda-web-adapter#request-context"""
    try:
        context = json.loads(header("x-amzn-request-context") or "{}")
    except ValueError:
        return {}
    return context if isinstance(context, dict) else {}


def caller_of(header: Header) -> str:
    """Who sent a request: the id of an account's key, else the address that the gateway of one machine saw; empty where neither is known."""
    identity = api_context(header).get("identity")
    key = str(identity.get("apiKeyId") or "") if isinstance(identity, dict) else ""
    return header("x-slipway-key-id") or key or header("x-forwarded-for") or ""


# The paths of the calls that only Slipway itself may make.
SCORE_PATH = "/slipway/score"
RENDER_PATH = "/slipway/render"
# Slipway calls a function with an event of its own, in which no client's address stands.
_OWN_ADDRESS = "127.0.0.1"


def is_own(env: Mapping[str, str], header: Header, deployment: str) -> bool:
    """
    Whether Slipway itself sent a request. A function is called either by API Gateway, which writes the client's address, or by Slipway. A container of an account is reached by clients through an integration that sets the domain, and by Slipway through one that IAM guards and that sets none.
    On one machine the gateway says so; it removes what a client says.
    """
    if env.get("AWS_LAMBDA_FUNCTION_NAME"):
        identity = api_context(header).get("identity")
        return isinstance(identity, dict) and identity.get("sourceIp") == _OWN_ADDRESS
    if deployment:
        return not header("x-slipway-domain")
    return header("x-slipway-own") == "1"


def request_id(header: Header) -> str:
    """The id that the client or the gateway gave a request, else the API's own id in its access log; empty without one."""
    given = (header("x-request-id"), header("x-slipway-request-id"), api_context(header).get("requestId"))
    # It comes from the client, and goes to the log.
    return next((str(each) for each in given if re.fullmatch(r"[A-Za-z0-9_.:/+=@-]{1,128}", str(each or ""))), "")
