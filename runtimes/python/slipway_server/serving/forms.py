from __future__ import annotations

import re
from io import BytesIO
from typing import NamedTuple

from ..refusal import Refusal, message_of
from ..worded import worded

FORM = "multipart/form-data"
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
    """The parts of a form as `curl -F` and browsers send it, in its order. Refuses other bodies with 400."""
    # A build loads a model without serving it, so this HTTP library is imported late.
    import falcon
    from falcon.media import MultipartFormHandler

    try:
        form = MultipartFormHandler().deserialize(BytesIO(body), content_type, len(body))
        parts = [Part(part.name or "", part.stream.read(), part.content_type, part.filename is not None) for part in form]
    except (falcon.HTTPError, ValueError) as error:
        raise Refusal(400, worded("formUnreadable", getattr(error, 'description', None) or message_of(error))) from None
    if not parts:
        raise Refusal(400, "the form has no part")
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
