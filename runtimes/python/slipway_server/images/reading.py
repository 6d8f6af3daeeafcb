from __future__ import annotations

import base64
import binascii
import re
from io import BytesIO
from typing import Any

from ..refusal import Refusal, message_of, show
from ..worded import worded

# The same limits as in runtimes/onnx/images/decode.ts.
MOST_PIXELS = 25_000_000
_MOST_RATIO = 100
_FORMATS = ("PNG", "JPEG", "WEBP")
_MODES = ("1", "L", "LA", "P", "RGB", "RGBA")
_TAKES = worded("takesImageText")


def image_of_text(value: Any, what: str) -> Any:
    """An image from base64, or from a data URL of it; refuses others with 400. A URL is refused too: the server fetches nothing."""
    if not isinstance(value, str):
        raise Refusal(400, f"{what} is {show(value)}; {_TAKES}")
    written = re.sub(r"\s", "", re.sub(r"^data:[^,;]{0,100};base64,", "", value))
    try:
        if not written:
            raise ValueError
        content = base64.b64decode(written, validate=True)
    except (ValueError, binascii.Error):
        raise Refusal(400, worded("notBase64", what, show(value), _TAKES)) from None
    return image_of(content, what)


def image_of(content: bytes, what: str) -> Any:
    """Pillow's image, decoded, turned as its EXIF says, in RGB, as transformers' pipelines would make it; those would also keep its source. Its size is read from its header, before any memory is allocated for it."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    # Pillow only warns about images that are too large, up to twice its limit.
    Image.MAX_IMAGE_PIXELS = None
    try:
        image = Image.open(BytesIO(content), formats=_FORMATS)
        _refuse_other(image, what)
        image.load()
        # A turned copy beside it would take 100 MB.
        ImageOps.exif_transpose(image, in_place=True)
        return image.convert("RGB")
    except UnidentifiedImageError:
        raise Refusal(400, worded("notAnImage", what)) from None
    except (OSError, ValueError, SyntaxError) as error:
        raise Refusal(400, worded("imageUnreadable", what, message_of(error))) from None


def _refuse_other(image: Any, what: str) -> None:
    width, height = image.size
    size = f"{what} is {width} x {height} pixels"
    if width * height > MOST_PIXELS:
        raise Refusal(400, worded("tooManyPixels", size, MOST_PIXELS))
    if max(width, height) > _MOST_RATIO * min(width, height):
        raise Refusal(400, worded("tooLong", size, _MOST_RATIO))
    if image.mode not in _MODES:
        is_ = "in CMYK" if image.mode == "CMYK" else worded("of16Bits")
        raise Refusal(400, worded("takes8Bits", what, is_))
