from __future__ import annotations

import io
import json
import re
from types import ModuleType
from typing import Any

import numpy as np

from ..config import Facts
from ..model import Model
from ..refusal import Refusal
from ..serving.bodies import parse_json, text_of
from ..serving.code_answers import jsonable
from ..serving.streams import dumped
from ..values.tensors import Signature
from .coroutines import settled, settling
from .data_file import load_data
from .user_code import import_file, outputs_of

PLATFORM = "sagemaker_handlers"
_JSON, _CSV, _NPY = "application/json", "text/csv", "application/x-npy"

# RFC 9110 §8.3.1, with what a header may have in its parameters.
_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+*-]+[ \t]*(;[ -~]*)?", re.ASCII)


def load(path: str, facts: Facts) -> Model:
    """
    `inference.py` with any of model_fn(folder), input_fn(body, content type), predict_fn(data, model), output_fn(answer, accept),
    or transform_fn(model, body, content type, accept) in place of the last three; missing ones default to SageMaker's: JSON, CSV and npy in and out, `model.predict`, and the folder's one model file.
    """
    file = (facts.entrypoint or "").partition(":")[0]
    if not file.endswith(".py"):
        return _only_model(path, facts)
    module = import_file(path, file)
    read, predict, write = (_handler(module, name) for name in ("input_fn", "predict_fn", "output_fn"))
    model = settled(getattr(module, "model_fn", lambda folder: _only_model(folder, facts))(path))
    transform = getattr(module, "transform_fn", None)
    signature = facts.signature or Signature((), ())

    def answered(body: Any, content_type: str, accept: str) -> Any:
        if transform is not None:
            return settled(transform(model, body, content_type, accept))
        return write(predict(read(body, content_type), model), accept)

    def answer(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        value = next(iter(arrays.values())) if len(arrays) == 1 else arrays
        body = json.dumps(jsonable(value))
        if transform is None:
            return outputs_of(predict(read(body.encode(), _JSON), model), signature.outputs)
        content, _ = _content_of(answered(body, _JSON, _JSON), _JSON)
        return outputs_of(parse_json(content), signature.outputs)

    def invoke(body: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
        # A handler compares the whole type, but clients add a charset to it.
        essence = content_type.split(";")[0].strip().lower()
        wanted = _JSON if accept in ("", "*/*") else accept
        return _content_of(answered(_as_text(body, essence), essence, wanted), wanted)

    return Model(signature, answer, facts.takes_columns, is_code=True, invoke=invoke)


def _content_of(result: Any, wanted: str) -> tuple[bytes, str]:
    """An answer's bytes and type; a handler returns both, or only the content."""
    content, type_ = result if isinstance(result, tuple) and len(result) == 2 else (result, wanted)
    if not isinstance(type_, str) or not _TYPE.fullmatch(type_):
        raise Refusal(500, f"the model's code answered with the content type {type_!r}; a content type is written like {_CSV} or text/plain; charset=utf-8")
    if isinstance(content, (bytes, bytearray)):
        return bytes(content), type_
    text = content if isinstance(content, str) else dumped(jsonable(content))
    return text.encode("utf-8", "replace"), type_


def _handler(module: ModuleType, name: str) -> Any:
    return settling(getattr(module, name, _DEFAULTS[name]))


def _as_text(body: bytes, essence: str) -> Any:
    """SageMaker passes text to a handler for text types."""
    return text_of(body) if essence == _JSON or essence.startswith("text/") else body


def _default_input(body: Any, content_type: str) -> np.ndarray:
    if content_type == _JSON:
        value = parse_json(body if isinstance(body, bytes) else body.encode())
        if isinstance(value, dict) and len(value) == 1:
            [value] = value.values()
        return np.array(value)
    if content_type == _CSV:
        return np.genfromtxt(io.StringIO(body), delimiter=",", ndmin=2)
    if content_type == _NPY:
        return np.load(io.BytesIO(body), allow_pickle=False)
    raise Refusal(415, f'the content type is "{content_type}"; it takes {_JSON}, {_CSV} or {_NPY}')


def _default_predict(data: Any, model: Any) -> Any:
    if not isinstance(model, Model):
        return model.predict(data)
    name = model.signature.inputs[0].name
    outputs = model.predict({name: np.atleast_2d(np.asarray(data, dtype=np.float64))})
    return next(iter(outputs.values()))


def _default_output(answer: Any, accept: str) -> tuple[bytes, str]:
    if accept == _CSV:
        rows = np.atleast_1d(np.asarray(answer))
        lines = [",".join(map(str, np.atleast_1d(row).tolist())) for row in rows]
        return ("\n".join(lines) + "\n").encode(), _CSV
    if accept == _NPY:
        buffer = io.BytesIO()
        np.save(buffer, np.asarray(answer), allow_pickle=False)
        return buffer.getvalue(), _NPY
    return json.dumps(jsonable(answer), ensure_ascii=False).encode(), _JSON


def _only_model(folder: str, facts: Facts) -> Model:
    """The folder's one model file, as inspection found it."""
    if facts.data is None:
        raise ValueError("there is no model_fn, and no one model file to take instead")
    return load_data(folder, facts.data, facts)


_DEFAULTS = {"input_fn": _default_input, "predict_fn": _default_predict, "output_fn": _default_output}
