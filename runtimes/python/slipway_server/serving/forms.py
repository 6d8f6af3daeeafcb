from __future__ import annotations

from io import BytesIO
from typing import NamedTuple

from ..refusal import Refusal, message_of

FORM = "multipart/form-data"


class Part(NamedTuple):
    """One of a form: a file, or a field, whose content is a text."""

    name: str
    content: bytes
    content_type: str
    is_file: bool


def parts_of(body: bytes, content_type: str) -> list[Part]:
    """A form as `curl -F` and browsers send it, in its order. Refuses with 400 what is none."""
    # A build that loads a model has no use for what answers over HTTP.
    import falcon
    from falcon.media import MultipartFormHandler

    try:
        form = MultipartFormHandler().deserialize(BytesIO(body), content_type, len(body))
        parts = [Part(part.name or "", part.stream.read(), part.content_type, part.filename is not None) for part in form]
    except (falcon.HTTPError, ValueError) as error:
        raise Refusal(400, f"the form cannot be read: {getattr(error, 'description', None) or message_of(error)}") from None
    if not parts:
        raise Refusal(400, "the form has no part")
    return parts
