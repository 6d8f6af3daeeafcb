from __future__ import annotations

import asyncio
import re
from typing import Any

from falcon.asgi import Request

from ..protocols.written_as import one_name_of
from ..refusal import Refusal, quoted
from .bodies import parse_json
from .coding import coding_of, decoded
from ..worded import worded

# How long a stalled client may hold a connection.
_BODY_SECONDS = 60


BODY = "slipway.body"


async def read_json(request: Request, max_bytes: int) -> Any:
    """The whole body of a request that declares JSON or a type taken for it. Refuses other types, other content, and whatever `read_body` refuses."""
    type_of(request)
    return parse_json(await read_body(request, max_bytes))


async def read_body(request: Request, max_bytes: int) -> bytes:
    """The whole body, decompressed. Refuses with 413 a body over `max_bytes`; the HTTP server drops the rest of a refused body."""
    coding = coding_of(request.get_header("content-encoding"))
    declared = request.get_header("content-length", default="0")
    if declared.isdigit() and int(declared) > max_bytes:
        raise Refusal(413, worded("bodyTooLarge", int(declared), max_bytes))
    try:
        body = await asyncio.wait_for(_read(request, max_bytes), _BODY_SECONDS)
    except asyncio.TimeoutError:
        raise Refusal(408, f"the body did not come within {_BODY_SECONDS} s") from None
    whole = await asyncio.to_thread(decoded, body, coding, max_bytes) if coding else body
    # For those who keep requests.
    request.scope[BODY] = whole
    return whole


async def _read(request: Request, max_bytes: int) -> bytes:
    chunks, size = [], 0
    async for chunk in request.stream:
        size += len(chunk)
        if size > max_bytes:
            raise Refusal(413, worded("bodyTooLarge", f"more than {max_bytes}", max_bytes))
        chunks.append(chunk)
    return b"".join(chunks)


# The default content types of curl -d and fetch for a text, and of aiohttp for bytes, and the name of JSON before it was registered.
_TAKEN_FOR_JSON = ("application/x-www-form-urlencoded", "text/plain", "application/octet-stream", "text/json")


_FORM = worded("fileAsBody")


def type_of(request: Request, also: tuple[str, ...] = ()) -> str:
    """The declared content type: JSON, a type taken for it, or one of `also`, in UTF-8; refuses any other with 415."""
    declared = request.content_type or "application/json"
    takes = " or ".join(("application/json", *also))
    essence, *parameters = [part.strip() for part in declared.split(";")]
    essence = one_name_of(essence.lower())
    if not re.fullmatch(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+", essence):
        raise Refusal(415, f"the content type is {quoted(declared[:200])}; it takes {takes}")
    if essence not in (*also, *_TAKEN_FOR_JSON) and not re.fullmatch(r"application/(.+\+)?json", essence):
        way = _FORM if essence == "multipart/form-data" else ""
        raise Refusal(415, worded("contentTypeTakes", essence, takes, way))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        charset = value.strip('" ')
        if name.strip().lower() == "charset" and charset and not re.fullmatch(r"utf-?8|us-ascii", charset, re.IGNORECASE):
            raise Refusal(415, worded("charsetTakes", charset))
    return essence
