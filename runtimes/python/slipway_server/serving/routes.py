from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any, AsyncIterator, Awaitable, Callable, Iterator

import numpy as np
from falcon.asgi import Request

from .. import NAME, VERSION
from ..adapters import adapter_of
from ..adapters.class_names import class_names_of, labels_for
from ..config import Config
from ..language.engine import Engine
from ..language.requests import embedding_request, refuse_other_model
from ..model import Model
from ..proof.example import first_example
from ..protocols.about import Sample, about_of, text_of_json
from ..protocols.binary import HEADER, Tail, split_body
from ..protocols.infer_protocol import Asked, infer_response, read_infer_request, read_raw_request
from ..protocols.invocations import invocation_response, is_table, read_csv, read_invocation, response_by_row, without_params
from ..protocols.openai import encoded_vectors, model_json, models_json
from ..protocols.openapi import language_sample, nested_example, openapi_of
from ..protocols.page import PAGE, PAGE_HEADERS, wants_page
from ..protocols.rerank import ranked_json, ranking_of
from ..protocols.written_as import JSON_LINES, as_scored, lines_of
from ..refusal import Refusal
from ..stderr import say
from ..tables.csv_answer import csv_header, csv_of, wants_csv
from ..tables.rows import not_finite, warning_of
from ..tables.table import declared_header
from ..values.no_rows import answer_to_no_rows
from ..values.tensor_json import without_numbers
from .answer import JSON, Answer, client_gone, json_answer
from .batches import Batches
from .bodies import parse_json, text_of
from .code_answers import counting_lost
from .flow import Flow
from .http_body import read_body, read_json, type_of
from .openai_words import in_openai_words
from .predictor import Predictor
from .server_errors import ends_though_broken
from .streams import Content, failure_piece
from ..worded import worded

class Routes:
    """The answers of all paths of the server. `loaded` returns None until the model is loaded. `batches` is None where each request is answered alone."""

    def __init__(self, config: Config, predictor: Predictor, loaded: Callable[[], Model | None], batches: Batches | None = None) -> None:
        self._config = config
        self._predictor = predictor
        self._batches = batches
        self._loaded = loaded
        self._itself: tuple[dict[str, Any], Sample] | None = None
        self._is_logged = False
        path = f"/v2/models/{config.name}"
        self.model_paths = [path] + ([f"{path}/versions/{config.version}"] if config.version else [])

    async def live(self) -> Answer:
        return json_answer({"live": True})

    async def ready(self) -> Answer:
        self._model()
        return json_answer({"ready": True})

    async def mlflow_version(self) -> Answer:
        return Answer(self._config.mlflow_version.encode(), "text/plain")

    async def server(self) -> Answer:
        return json_answer({"name": NAME, "version": VERSION, "extensions": ["binary_tensor_data"]})

    async def metadata(self) -> Answer:
        return json_answer(self._metadata())

    async def models(self) -> Answer:
        name = self._config.name
        return json_answer(models_json(name, self._config.aliases) if self._config.facts.takes_texts else {"models": [name]})

    def named(self, alias: str) -> Callable[[], Awaitable[Answer]]:
        """The model's entry in OpenAI's list of models, under one of its other names."""

        async def answer() -> Answer:
            self._model()
            return json_answer(model_json(alias))

        return answer

    async def model_ready(self) -> Answer:
        self._model()
        return json_answer({"name": self._config.name, "ready": True})

    async def openapi(self) -> Answer:
        return json_answer((await self._described())[0])

    async def about(self, request: Request) -> Answer:
        if wants_page(request.get_header("accept", default="")):
            return Answer(PAGE, "text/html; charset=utf-8", PAGE_HEADERS)
        document, sample = await self._described()
        about = about_of(self._metadata(), document, sample, request.get_header)
        return json_answer(about)._replace(headers={"vary": "accept"})

    async def example(self) -> Answer:
        body = (await self._described())[1].body
        if body is None:
            raise Refusal(404, worded("noKnownRequest"))
        return Answer(text_of_json(body).encode("utf-8", "replace"))

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
                raise Refusal(400, worded("noTensorNamed", "outputs", f'"{name}"', names))
        content, json_length = infer_response(self._config.name, self._config.version, asked, outputs)
        if json_length is None:
            return Answer(content, headers=warning_of(None, self._infinite_in(outputs)))
        return Answer(content, "application/octet-stream", {"Inference-Header-Content-Length": str(json_length)})

    async def invocations(self, request: Request) -> Answer:
        model = self._model()
        if model.invoke is not None:
            return await self._invoke(request, model.invoke)
        outputs, is_by_row, ignored = await self._invoked(request, model)
        accept = request.get_header("accept", default="")
        if wants_csv(accept):
            header = csv_header(accept)
            return Answer(csv_of(outputs, header), f"text/csv; charset=utf-8; header={header}", warning_of(ignored))
        warning = warning_of(ignored, self._infinite_in(outputs))
        return Answer(response_by_row(outputs) if is_by_row else invocation_response(outputs), headers=warning)

    def _infinite_in(self, outputs: dict[str, np.ndarray]) -> list[str]:
        """The names of outputs with values that JSON cannot write as numbers; the first time, they are also logged."""
        names = without_numbers(outputs)
        if names:
            self._log_once(not_finite(names))
        return names

    def _log_once(self, line: str) -> None:
        if not self._is_logged:
            say(f"{line} (logged once)")
        self._is_logged = True

    async def embeddings(self, request: Request) -> Answer:
        """OpenAI's API for embeddings, for a model that makes a vector of a text."""
        return await in_openai_words(self._embeddings(request))

    async def _embeddings(self, request: Request) -> Answer:
        embed = self._model().embed
        body = await read_json(request, self._config.max_body_bytes)
        if embed is None:
            raise Refusal(400, worded("makesNoEmbeddings", "/invocations"))
        refuse_other_model(body, self._config.name, self._config.aliases)
        asked = embedding_request(body)
        texts = [asked["input"]] if isinstance(asked["input"], str) else asked["input"]
        vectors, tokens = await self._run(request, lambda: embed(texts), len(texts))
        data = [{"object": "embedding", "index": at, "embedding": vector} for at, vector in enumerate(vectors)]
        encoded = encoded_vectors(data, asked.get("dimensions"), asked.get("encoding_format"))
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return json_answer({"object": "list", "data": encoded, "model": self._config.name, "usage": usage})

    async def rerank(self, request: Request) -> Answer:
        """Ranks texts, for a model that scores how well two texts go together."""
        return await in_openai_words(self._rerank(request))

    async def _rerank(self, request: Request) -> Answer:
        rank = self._model().rank
        body = await read_json(request, self._config.max_body_bytes)
        if rank is None or not self._config.facts.ranks:
            raise Refusal(400, worded("ranksNoTexts"))
        asked = ranking_of(body)
        scores, tokens = await self._run(request, lambda: rank(asked.query, asked.texts, asked.is_raw), len(asked.texts))
        return json_answer(ranked_json(asked, scores, tokens, self._config.name))

    async def predict(self, request: Request) -> Answer:
        """KServe's V1 protocol: answered by row."""
        model = self._model()
        if model.invoke is not None:
            return await self.invocations(request)
        outputs, _, ignored = await self._invoked(request, model)
        return Answer(response_by_row(outputs), headers=warning_of(ignored, self._infinite_in(outputs)))

    async def _invoked(self, request: Request, model: Model) -> tuple[dict[str, np.ndarray], bool, dict[str, None] | None]:
        """The outputs, whether they are requested by row, and the names of the ignored columns."""
        ignored: dict[str, None] | None = None if self._config.extra_columns == "refuse" else {}
        essence = type_of(request, ("text/csv", JSON_LINES))
        is_csv = essence == "text/csv"
        body = await read_body(request, self._config.max_body_bytes)
        if essence == JSON_LINES:
            value = lines_of(body, parse_json)
        else:
            value = None if is_csv else as_scored(parse_json(body), model.signature)
        if model.predict_with:
            value, params = without_params(value)
            model = model._replace(predict=model.predict_with(params))
        if is_csv:
            inputs = read_csv(text_of(body), model.signature, ignored, declared_header(request.content_type or ""))
        else:
            inputs = read_invocation(value, model.signature, ignored)
        outputs = await self._predict(request, model, inputs)
        return outputs, is_csv or is_table(value), ignored

    def _metadata(self) -> dict[str, Any]:
        versions = {"versions": [self._config.version]} if self._config.version else {}
        platform = {"platform": adapter_of(self._config.facts.format).PLATFORM}
        model = self._model()
        names = class_names_of(model.native)
        said = model.signature.declared().json()
        outputs = [
            {**each, "labels": labels} if (labels := labels_for(spec, names)) else each
            for each, spec in zip(said["outputs"], model.signature.outputs)
        ]
        return {"name": self._config.name, **versions, **platform, **said, "outputs": outputs}

    async def _described(self) -> tuple[dict[str, Any], Sample]:
        """The model's document, and a request that proved it, that it has just answered, or that its artifact contains; made on first use."""
        model = self._model()
        if self._itself is None:
            # A language model is not asked: nobody waits for its continuation of an empty text.
            is_asked = model.signature.inputs and not model.language
            from ..proof.golden import example_inputs

            facts = replace(self._config.facts, example=self._config.example or self._config.facts.example)
            inputs = example_inputs(model, facts) if is_asked else None
            if is_asked and inputs is None:
                answered = await self._predictor.run(lambda: first_example(model), None)
                inputs = answered and answered[0]
            answered_it = Sample("/invocations", nested_example(inputs, model)) if inputs else None
            self._itself = openapi_of(self._config, model, inputs), answered_it or self._given_sample()
        return self._itself

    def _given_sample(self) -> Sample:
        language, example = self._config.facts.language, self._config.facts.example
        if language:
            return language_sample(language)
        return Sample("/invocations", example["body"] if example and example.get("protocol") == "invocations" else None)

    async def _invoke(self, request: Request, invoke: Callable[[bytes, str, str], tuple[Content, str]]) -> Answer:
        content_type, accept = request.content_type or JSON, request.get_header("accept", default="")
        body = await read_body(request, self._config.max_body_bytes)
        async with AsyncExitStack() as turn:
            await turn.enter_async_context(self._predictor.turn(lambda: client_gone(request)))
            (content, type_), lost = await self._predictor.load(lambda: counting_lost(lambda: invoke(body, content_type, accept)))
            if lost:
                self._log_once(not_finite(["predictions"]))
            if isinstance(content, bytes):
                return Answer(content, type_, warning_of(None, ["predictions"] if lost else None))
            return Answer(self._pieces(request, content, type_, turn.pop_all()), type_)

    async def _pieces(self, request: Request, content: Iterator[bytes], type_: str, turn: AsyncExitStack) -> AsyncIterator[bytes]:
        """Yields the pieces as they are made; the model's turn ends with the last one, or when the client has left."""
        leaving = asyncio.ensure_future(client_gone(request))
        pieces = Flow(content).pieces(self._predictor.load, leaving)
        try:
            async for each in pieces:
                yield each
        except Refusal as refused:
            yield failure_piece(refused.message, type_)
            if not ends_though_broken(os.environ, request.get_header):
                # Breaks the connection: even a client that ignores the error sees that the answer is incomplete.
                raise
        finally:
            await pieces.aclose()
            leaving.cancel()
            await turn.aclose()

    def engine(self) -> Engine:
        """The sample of a language model."""
        engine = self._model().language
        assert engine is not None
        return engine

    def _model(self) -> Model:
        model = self._loaded()
        if model is None:
            raise Refusal(503, worded("loading", self._config.name))
        return model

    async def _predict(self, request: Request, model: Model, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        rows = max((array.shape[0] if array.ndim else 1 for array in inputs.values()), default=1)
        try:
            if self._batches and self._batches.takes(model, inputs):
                return await self._batches.predict(model.predict, inputs, lambda: client_gone(request))
            return await self._run(request, lambda: model.predict(inputs), None if model.is_code else rows)
        except Refusal as refused:
            none = None if refused.status != 400 or model.is_code else answer_to_no_rows(inputs, model.signature)
            if none is None:
                raise
            return none

    async def _run(self, request: Request, task: Callable[[], Any], rows: int | None) -> Any:
        return await self._predictor.run(task, rows, lambda: client_gone(request))


def _read_infer(header: str | None, body: bytes, model: Model) -> Asked:
    if header is None:
        return read_infer_request(parse_json(body), Tail(None), model.signature)
    text, tail = split_body(header, body)
    if not text:
        return read_raw_request(tail, model.signature)
    return read_infer_request(parse_json(text), Tail(tail), model.signature)
