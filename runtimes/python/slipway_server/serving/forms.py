from __future__ import annotations

import re
from io import BytesIO
from typing import NamedTuple

from ..refusal import Refusal, message_of
from ..worded import worded

FORM = "multipart/form-data"
# The ONNX server has the same limit.
_MOST_PARTS = 64
# The type that curl also declares for any text by default.
FIELDS = "application/x-www-form-urlencoded"
_FIRST_FIELD = re.compile(rb"[A-Za-z_][\w.%+\[\]-]*=")


class Part(NamedTuple):
    """A part of a form: a file, or a field, whose content is a text."""

    name: str
    content: bytes
    content_type: str
    is_file: bool


def parts_of(body: bytes, content_type: str) -> list[Part]:
    """The parts of a form as `curl -F` and browsers send it, in its order. Refuses other bodies, and forms of more than 64 parts, with 400."""
    # A build loads a model without serving it, so this HTTP library is imported late.
    import falcon
    from falcon.media import MultipartFormHandler

    handler = MultipartFormHandler()
    # Counted here, in words of our own.
    handler.parse_options.max_body_part_count = 0
    parts: list[Part] = []
    try:
        for part in handler.deserialize(BytesIO(body), content_type, len(body)):
            if len(parts) == _MOST_PARTS:
                raise Refusal(400, worded("tooManyParts", _MOST_PARTS))
            parts.append(Part(part.name or "", part.stream.read(), part.content_type, part.filename is not None))
    except (falcon.HTTPError, ValueError) as error:
        raise Refusal(400, worded("formUnreadable", getattr(error, 'description', None) or message_of(error))) from None
    return parts


def fields_of(body: bytes) -> dict[str, str | list[str]]:
    """The fields of a form without files, as `curl --data-urlencode`, `requests` and browsers send it, by name, a list where one comes several times; empty for a body that is not such a form."""
    if not _FIRST_FIELD.match(body):
        return {}
    from urllib.parse import parse_qs

    try:
        return {name: values[0] if len(values) == 1 else values for name, values in parse_qs(body.decode(), errors="strict").items()}
    except ValueError as error:
        raise Refusal(400, worded("formUnreadable", message_of(error))) from None
