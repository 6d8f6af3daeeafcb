from __future__ import annotations

from typing import Any, Awaitable, Callable, NamedTuple

import msgspec
import numpy as np
from falcon.asgi import Request

from . import NAME, VERSION
from .adapters import PLATFORMS
from .binary import HEADER, Tail, split_body
from .bodies import parse_json, text_of
from .config import Config
from .csv_answer import csv_header, csv_of, wants_csv
from .example import first_example
from .http_body import read_body, type_of
from .infer_protocol import Asked, infer_response, read_infer_request, read_raw_request
from .invocations import invocation_response, read_csv, read_invocation
from .model import Model
from .openapi import openapi_of
from .predictor import Predictor
from .refusal import Refusal
from .rows import warning_of

_JSON = "application/json"


class Answer(NamedTuple):
    body: bytes
    content_type: str = _JSON
    headers: dict[str, str] = {}


class Routes:
    """What every path of the server answers. `loaded` is None until the model is."""

    def __init__(self, config: Config, predictor: Predictor, loaded: Callable[[], Model | None]) -> None:
        self._config = config
        self._predictor = predictor
        self._loaded = loaded
        self._document: Answer | None = None
        path = f"/v2/models/{config.name}"
        self.model_paths = [path] + ([f"{path}/versions/{config.version}"] if config.version else [])

    async def live(self) -> Answer:
        return _json({"live": True})

    async def ready(self) -> Answer:
        self._model()
        return _json({"ready": True})

    async def server(self) -> Answer:
        return _json({"name": NAME, "version": VERSION, "extensions": ["binary_tensor_data"]})

    async def metadata(self) -> Answer:
        versions = {"versions": [self._config.version]} if self._config.version else {}
        platform = {"platform": PLATFORMS[self._config.facts.format]}
        return _json({"name": self._config.name, **versions, **platform, **self._model().signature.json()})

    async def openapi(self) -> Answer:
        model = self._model()
        if self._document is None:
            answered = await self._predictor.run(lambda: first_example(model), None) if model.signature.inputs else None
            self._document = _json(openapi_of(self._config, model, answered and answered[0]))
        return self._document

    async def infer(self, request: Request) -> Answer:
        model = self._model()
        header = request.get_header(HEADER)
        if header is None:
            type_of(request)
        body = await read_body(request, self._config.max_body_bytes)
        asked = _read_infer(header, body, model)
        outputs = await self._predict(request, model, asked.inputs)
        for name in asked.outputs:
            if name not in outputs:
                names = ", ".join(f'"{each}"' for each in outputs)
                raise Refusal(400, f'outputs has a tensor named "{name}"; the model has {names}')
        content, json_length = infer_response(self._config.name, self._config.version, asked, outputs)
        if json_length is None:
            return Answer(content)
        return Answer(content, "application/octet-stream", {"Inference-Header-Content-Length": str(json_length)})

    async def invocations(self, request: Request) -> Answer:
        model = self._model()
        if model.invoke is not None:
            content_type, accept = request.content_type or _JSON, request.get_header("accept", default="")
            body = await read_body(request, self._config.max_body_bytes)
            invoke = model.invoke
            content, type_ = await self._run(request, lambda: invoke(body, content_type, accept), None)
            return Answer(content, type_)
        essence = type_of(request, ("text/csv",))
        body = await read_body(request, self._config.max_body_bytes)
        ignored: dict[str, None] | None = None if self._config.extra_columns == "refuse" else {}
        if essence == "text/csv":
            inputs = read_csv(text_of(body), model.signature, ignored)
        else:
            inputs = read_invocation(parse_json(body), model.signature, ignored)
        outputs = await self._predict(request, model, inputs)
        accept = request.get_header("accept", default="")
        if not wants_csv(accept):
            return Answer(invocation_response(outputs), headers=warning_of(ignored))
        header = csv_header(accept)
        return Answer(csv_of(outputs, header), f"text/csv; charset=utf-8; header={header}", warning_of(ignored))

    def _model(self) -> Model:
        model = self._loaded()
        if model is None:
            raise Refusal(503, f"the model {self._config.name} is loading")
        return model

    async def _predict(self, request: Request, model: Model, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        rows = max((array.shape[0] if array.ndim else 1 for array in inputs.values()), default=1)
        return await self._run(request, lambda: model.predict(inputs), None if model.is_code else rows)

    async def _run(self, request: Request, task: Callable[[], Any], rows: int | None) -> Any:
        return await self._predictor.run(task, rows, lambda: _client_gone(request))


def _read_infer(header: str | None, body: bytes, model: Model) -> Asked:
    if header is None:
        return read_infer_request(parse_json(body), Tail(None), model.signature)
    text, tail = split_body(header, body)
    if not text:
        return read_raw_request(tail, model.signature)
    return read_infer_request(parse_json(text), Tail(tail), model.signature)


async def _client_gone(request: Request) -> None:
    receive: Callable[[], Awaitable[dict[str, Any]]] = request.scope["slipway.receive"]
    while (await receive())["type"] != "http.disconnect":
        pass


def _json(value: Any) -> Answer:
    return Answer(msgspec.json.encode(value))
