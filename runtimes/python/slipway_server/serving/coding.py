"""gzip and deflate, of request bodies and of answers."""

from __future__ import annotations

import zlib

from ..refusal import Refusal, quoted
from ..worded import worded

# A smaller answer fits in one packet, and compressing it costs more than it saves.
_LEAST_BYTES = 1_024

_ZLIB, _RAW, _GZIP = zlib.MAX_WBITS, -zlib.MAX_WBITS, zlib.MAX_WBITS | 16


def coding_of(declared: str | None) -> str | None:
    """The encoding that `content-encoding` declares; None when the body is plain. Refuses with 415 anything but gzip and deflate."""
    codings = [coding.strip() for coding in (declared or "").lower().split(",")]
    codings = ["gzip" if coding == "x-gzip" else coding for coding in codings if coding not in ("", "identity")]
    if not codings:
        return None
    if len(codings) == 1 and codings[0] in ("gzip", "deflate"):
        return codings[0]
    # RFC 9110 §12.5.3: by this header a client learns which codings to try.
    raise Refusal(
        415,
        f"the body is encoded as {quoted(declared or '')}; it takes gzip, deflate or none",
        accept_encoding="gzip, deflate",
    )


def decoded(body: bytes, coding: str, max_bytes: int) -> bytes:
    """The plain body. Refuses with 413 one that decompresses to more than `max_bytes`, and with 400 one that is not in its encoding."""
    window = _GZIP if coding == "gzip" else _ZLIB if _is_zlib(body) else _RAW
    parts: list[bytes] = []
    left = max_bytes
    try:
        # After the end of a gzip stream, only another one may follow, or the zeros of a padding.
        while True:
            stream = zlib.decompressobj(window)
            parts.append(stream.decompress(body, left + 1))
            left -= len(parts[-1])
            if left < 0:
                raise Refusal(
                    413, worded("unpackedTooLarge", max_bytes, max_bytes)
                )
            if not stream.eof:
                raise zlib.error("it is cut short")
            body = stream.unused_data
            if window != _GZIP or body[:1] in (b"", b"\0"):
                return b"".join(parts)
    except zlib.error:
        raise Refusal(400, worded("codingUnreadable", coding)) from None


def encoding_for(body: bytes, accepted: str | None) -> str | None:
    """The encoding for an answer, if compressing it is worth it and the client accepts one; empty if it stays plain only because of the client."""
    if accepted is None or len(body) < _LEAST_BYTES:
        return None
    weights = weights_of(accepted)

    def weigh(coding: str) -> float:
        return weights.get(coding, weights.get("*", 0))

    coding = "deflate" if weigh("deflate") > weigh("gzip") else "gzip"
    return coding if weigh(coding) > 0 else ""


def encoded(body: bytes, coding: str) -> bytes:
    # The fastest level: on numbers, the others compress hardly better.
    stream = zlib.compressobj(zlib.Z_BEST_SPEED, zlib.DEFLATED, _GZIP if coding == "gzip" else _ZLIB)
    return stream.compress(body) + stream.flush()


def weights_of(items: str) -> dict[str, float]:
    """The items of a list as in RFC 9110 §12.4, in lower case without parameters, with their weights from 0 (refused) to 1."""
    weights = {}
    for item in items.lower().split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        weight = next((each[2:] for each in parameters if each.startswith("q=")), "1")
        try:
            weights[name] = float(weight)
        except ValueError:
            weights[name] = 0
    return weights


def _is_zlib(body: bytes) -> bool:
    """Some clients send deflate with zlib's wrapper, as HTTP specifies, and some without."""
    return len(body) > 1 and body[0] & 0x0F == 8 and (body[0] * 256 + body[1]) % 31 == 0
