"""Labels images, with the answers of transformers' pipeline."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import Any, Callable

import numpy as np

from ..model import Model
from ..refusal import Refusal, show, show_keys
from ..serving.bodies import parse_json, text_of
from ..serving.code_answers import json_content
from ..serving.forms import FORM, parts_of
from ..values.tensors import Signature, TensorSpec
from .reading import image_of, image_of_text
from ..worded import worded

SIGNATURE = Signature(
    (TensorSpec("image", "BYTES", (-1,)),),
    (TensorSpec("label", "BYTES", (-1,)), TensorSpec("score", "FP32", (-1,))),
)
_MOST_IMAGES = 32
# The first bytes of PNG, JPEG, WebP and GIF: requests declares no type for a file, and curl declares a form.
_STARTS = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"GIF8")
_USUAL_TOP = 5
_FUNCTIONS = ("softmax", "sigmoid", "none")
_KEYS = ["inputs", "parameters", "options"]
_PARAMETERS = ["top_k", "function_to_apply"]

Ask = Callable[..., "list[dict[str, Any]]"]


def image_model(classifier: Any, ask: Ask) -> Model:
    """`ask` returns the labels of a Pillow image, the likeliest first."""

    def predict(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        best = [ask(image, top_k=1)[0] for image in _images(arrays["image"].tolist())]
        labels = np.empty(len(best), dtype=object)
        labels[:] = [each["label"] for each in best]
        return {"label": labels, "score": np.array([each["score"] for each in best], np.float32)}

    def invoke(body: bytes, content_type: str, _accept: str) -> tuple[bytes, str]:
        """Answers the bytes of an image, or a form with it; or a request of Hugging Face's inference API: with a list for several inputs, with a single answer for one."""
        essence = content_type.split(";")[0].strip().lower()
        if essence == FORM:
            given, asked = _asked(_of_form(body, content_type))
        elif essence.startswith("image/") or essence == "application/octet-stream" or body.startswith(_STARTS):
            return json_content(ask(image_of(body, "the body"), top_k=_USUAL_TOP))
        else:
            given, asked = _asked(parse_json(body))
        is_one = isinstance(given, str)
        found = [ask(image, **asked) for image in _images([given] if is_one else given)]
        return json_content(found[0] if is_one else found)

    return Model(SIGNATURE, predict, native=classifier, is_network=True, invoke=invoke)


def _of_form(body: bytes, content_type: str) -> dict[str, Any]:
    """Turns a form with images, as `curl -F image=@cat.jpg` sends it, into a request of the inference API: one image is the input, several are a list, and other fields are the parameters."""
    parts = parts_of(body, content_type)
    files = [b64encode(part.content).decode() for part in parts if part.is_file]
    if not files:
        raise Refusal(400, worded("formWithoutFile"))
    fields = {part.name: text_of(part.content) for part in parts if not part.is_file}
    parameters = {name: int(text) if re.fullmatch(r"-?[0-9]{1,9}", text) else text for name, text in fields.items()}
    return {"inputs": files[0] if len(files) == 1 else files, "parameters": parameters}


def _images(values: Any) -> Any:
    """Labels one image after the other, so that only one of them takes memory."""
    if not isinstance(values, list) or not values or not all(isinstance(each, str) for each in values):
        raise Refusal(400, worded("inputsTake", show(values), worded("anImage")))
    if len(values) > _MOST_IMAGES:
        raise Refusal(400, worded("tooManyImages", len(values), _MOST_IMAGES))
    return (image_of_text(each, "inputs" if len(values) == 1 else f"inputs[{at}]") for at, each in enumerate(values))


def _asked(body: Any) -> tuple[Any, dict[str, Any]]:
    if not isinstance(body, dict):
        return body, {"top_k": _USUAL_TOP}
    if "inputs" not in body:
        raise Refusal(400, worded("bodyTakesKeys", show_keys(list(body)), show_keys(_KEYS)))
    parameters = body.get("parameters", {})
    if not isinstance(parameters, dict):
        raise Refusal(400, worded("parametersTakeObject", show(parameters)))
    unknown = [name for name in parameters if name not in _PARAMETERS]
    if unknown:
        raise Refusal(400, worded("parametersTake", show_keys(unknown), show_keys(_PARAMETERS)))
    top = parameters.get("top_k")
    if top is not None and (isinstance(top, bool) or not isinstance(top, int) or top < 1):
        raise Refusal(400, worded("parameterFromOne", "top_k", show(top)))
    wished = parameters.get("function_to_apply")
    if wished is not None and wished not in _FUNCTIONS:
        raise Refusal(400, worded("parameterTakes", "function_to_apply", show(wished), ", ".join(_FUNCTIONS)))
    return body["inputs"], {"top_k": _USUAL_TOP if top is None else top, **({"function_to_apply": wished} if wished else {})}
