from __future__ import annotations

from typing import Callable, Mapping
from ..worded import worded

TOO_LARGE = worded("overLambda")

# The limit of a function's whole answer, as JSON; https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_MOST_BYTES = 6_291_556
# The most bytes that the web adapter writes around the body, including the headers.
_AROUND_BYTES = 4096
_ESCAPED = (b'"', b"\\", b"\n", b"\r", b"\t")


def is_over_lambda(env: Mapping[str, str], header: Callable[[str], "str | None"], body: bytes, type_: str, is_encoded: bool) -> bool:
    """Whether Lambda would refuse an answer that the web adapter hands it whole: then its client would learn only that the function failed."""
    if env.get("AWS_LWA_INVOKE_MODE") != "buffered" or header("x-amzn-lambda-context") is None:
        return False
    return _AROUND_BYTES + _size_of(body, is_text=not is_encoded and type_.startswith(("text/", "application/json"))) > _MOST_BYTES


def _size_of(body: bytes, is_text: bool) -> int:
    """The size of the body as the adapter writes it: texts unchanged, all else in base64."""
    return len(body) + sum(body.count(each) for each in _ESCAPED) if is_text else len(body) * 4 // 3
