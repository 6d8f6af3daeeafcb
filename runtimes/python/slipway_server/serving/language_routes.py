from __future__ import annotations

import os
from contextlib import AsyncExitStack
from typing import Any, AsyncIterator, Callable

import falcon
from falcon.asgi import Request

from ..config import Config
from ..language.emit import Emit
from ..language.engine import Engine
from ..language.generation import chunks_of
from ..language.merging import merged
from ..language.requests import chat_request, completion_request, embedding_request, has_logprobs, is_streamed, own_fields, refuse_other_model, wants_usage
from ..language.scoring import Prompt, prompt_in, scored_in
from ..protocols.api_gateway import is_own
from ..protocols.openai import by_token, encoded_vectors, model_json, models_json, without_others
from ..protocols.responses import chat_of
from ..refusal import Refusal, show
from ..worded import worded
from .answer import Answer, client_gone, json_answer
from .generations import asked_by
from .http_body import read_json
from .openai_words import in_openai_words
from .predictor import ClientGone, Predictor
from .streams import EVENTS
from .telling import Completion, Responding, Telling

_USUAL_TOKENS = 128


class LanguageRoutes:
    """The routes of language models, beside the protocols of all models. Each request waits for one of the model's turns, and gives it back when its client has left."""

    def __init__(self, config: Config, predictor: Predictor, engine: Callable[[], Engine]) -> None:
        self._config = config
        self._predictor = predictor
        self._engine = engine

    async def models(self) -> Answer:
        return json_answer(models_json(self._config.name, self._config.aliases))

    async def model(self) -> Answer:
        self._engine()
        return json_answer({**model_json(self._config.name), "name": self._config.name, "ready": True})

    async def chat_completions(self, request: Request) -> Answer:
        return await in_openai_words(self._chat_completions(request))

    async def completions(self, request: Request) -> Answer:
        return await in_openai_words(self._completions(request))

    async def responses(self, request: Request) -> Answer:
        return await in_openai_words(self._responses(request))

    async def embeddings(self, request: Request) -> Answer:
        return await in_openai_words(self._embeddings(request))

    async def invocations(self, request: Request) -> Answer:
        """Answers a conversation as OpenAI's API does; else texts under `prompt` or `inputs`, with the model's continuations."""
        body = await self._body(request)
        if isinstance(body, dict) and "messages" in body:
            return await self._chat(request, body)
        texts, options = _texts_in(body)
        made = [await self._text(request, text, options) for text in ([texts] if isinstance(texts, str) else texts)]
        return json_answer({"predictions": made[0] if isinstance(texts, str) else made})

    async def score(self, request: Request) -> Answer:
        """The log-probability of an answer, for Slipway alone: to clients there is no such path."""
        engine = self._own(request)
        asked = scored_in(await self._body(request))
        _require_template(engine, asked.prompt)
        async with self._predictor.turn(lambda: client_gone(request)):
            return json_answer((await self._predictor.load(lambda: engine.score(asked))).json())

    async def render(self, request: Request) -> Answer:
        """The tokens that the model would read of a prompt, for Slipway alone. Nothing is generated."""
        engine = self._own(request)
        prompt = prompt_in(await self._body(request))
        _require_template(engine, prompt)
        async with self._predictor.turn(lambda: client_gone(request)):
            return json_answer({"tokens": await self._predictor.load(lambda: engine.render(prompt))})

    def _own(self, request: Request) -> Engine:
        if not is_own(os.environ, request.get_header, self._config.deployment):
            raise falcon.HTTPRouteNotFound()
        return self._generating()

    async def _chat_completions(self, request: Request) -> Answer:
        return await self._chat(request, await self._body(request))

    async def _chat(self, request: Request, body: Any) -> Answer:
        return await self._conversed(request, body, Completion(self._config.name, wants_usage(body)))

    async def _responses(self, request: Request) -> Answer:
        body = await self._body(request)
        asked = chat_of(body)
        return await self._conversed(request, asked, Responding(body, self._config.name))

    async def _conversed(self, request: Request, body: Any, telling: Telling) -> Answer:
        engine = self._generating()
        asked = chat_request(body)
        refuse_other_model(asked, self._config.name, self._config.aliases)
        if not engine.serving.has_chat_template:
            raise Refusal(400, "the model has no chat template; ask it by /v1/completions with a prompt")
        by = asked_by(request)
        is_bare = has_logprobs(asked) and not body.get("top_logprobs")

        def answer(emit: Emit) -> None:
            engine.chat(own_fields(asked), (lambda chunk: emit(without_others(chunk))) if is_bare else emit, by)

        return await self._generated(request, asked, telling, answer)

    async def _completions(self, request: Request) -> Answer:
        engine = self._generating()
        asked = completion_request(await self._body(request))
        refuse_other_model(asked, self._config.name, self._config.aliases)
        by = asked_by(request)
        listed, telling = by_token(), Completion(self._config.name, wants_usage(asked))
        return await self._generated(request, asked, telling, lambda emit: engine.complete(own_fields(asked), lambda chunk: emit(listed(chunk)), by))

    async def _embeddings(self, request: Request) -> Answer:
        body = await self._body(request)
        refuse_other_model(body, self._config.name, self._config.aliases)
        asked = embedding_request(body)
        answer = await self._embedded(request, {**asked, "encoding_format": "float"})
        vectors = encoded_vectors(answer["data"], asked.get("dimensions"), asked.get("encoding_format"))
        return json_answer({**answer, "data": vectors, "model": self._config.name})

    async def _embedded(self, request: Request, asked: dict[str, Any]) -> dict[str, Any]:
        engine = self._engine()
        if engine.serving.task != "embed":
            raise Refusal(400, worded("makesNoEmbeddings", "/v1/completions"))
        by = asked_by(request)
        async with self._predictor.turn(lambda: client_gone(request)):
            return await self._predictor.load(lambda: engine.embed(own_fields(asked), by))

    async def _generated(self, request: Request, asked: dict[str, Any], telling: Telling, work: Callable[[Emit], None]) -> Answer:
        if not is_streamed(asked):
            return json_answer(telling.whole(await self._whole(request, work)))
        async with AsyncExitStack() as turn:
            chunks = await self._begun(turn, request, work)
            # A failure before the first chunk is answered like any other failure.
            first = await chunks.__anext__()
            return Answer(self._events(first, chunks, telling, turn.pop_all()), EVENTS, {"cache-control": "no-cache"})

    async def _whole(self, request: Request, work: Callable[[Emit], None]) -> list[dict[str, Any]]:
        """All chunks of an answer that is not streamed."""
        async with AsyncExitStack() as turn:
            return [chunk async for chunk in await self._begun(turn, request, work)]

    async def _begun(self, turn: AsyncExitStack, request: Request, work: Callable[[Emit], None]) -> AsyncIterator[dict[str, Any]]:
        """The chunks of an answer, once `turn` holds one of the model's turns; `turn` gives it back and ends them."""
        await turn.enter_async_context(self._predictor.turn(lambda: client_gone(request)))
        chunks = chunks_of(work, lambda: client_gone(request))
        turn.push_async_callback(chunks.aclose)
        return chunks

    async def _events(
        self, first: dict[str, Any], others: AsyncIterator[dict[str, Any]], telling: Telling, turn: AsyncExitStack
    ) -> AsyncIterator[bytes]:
        """Yields each chunk as it is made; the model's turn ends with the last one, or when the client has left."""
        try:
            yield telling.begin() + telling.piece(first)
            async for chunk in others:
                yield telling.piece(chunk)
            yield telling.end()
        except ClientGone:
            return
        except Refusal as refused:
            yield telling.failed(refused)
            # The connection breaks off, so that even a client that reads no errors sees that the answer is not whole.
            raise
        finally:
            await turn.aclose()

    async def _text(self, request: Request, text: str, options: dict[str, Any]) -> Any:
        engine = self._engine()
        if engine.serving.task == "embed":
            answer = await self._embedded(request, embedding_request({"input": text}))
            return answer["data"][0]["embedding"]
        asked = completion_request({"max_tokens": _USUAL_TOKENS, **options, "prompt": text, "stream": False})
        by = asked_by(request)
        answer = merged(await self._whole(request, lambda emit: engine.complete(own_fields(asked), emit, by)))
        return answer["choices"][0]["text"]

    def _generating(self) -> Engine:
        engine = self._engine()
        if engine.serving.task == "embed":
            raise Refusal(400, "the model makes embeddings alone; ask it by /v1/embeddings")
        return engine

    async def _body(self, request: Request) -> Any:
        self._engine()
        return await read_json(request, self._config.max_body_bytes)


def _require_template(engine: Engine, prompt: Prompt) -> None:
    if not isinstance(prompt, str) and not engine.serving.has_chat_template:
        raise Refusal(400, "the model has no chat template; ask it by a prompt")


def _texts_in(body: Any) -> tuple[str | list[str], dict[str, Any]]:
    """The texts of a request, and its other options for the answer."""
    for key in ("prompt", "inputs", "instances"):
        if isinstance(body, dict) and key in body:
            texts, options = body[key], {name: value for name, value in body.items() if name not in (key, "params")}
            given = body.get("params", {})
            if isinstance(texts, str) and texts or _are_texts(texts):
                return texts, {**options, **(given if isinstance(given, dict) else {})}
            raise Refusal(400, f"{key} is {show(texts)}; it takes a text, or a list of them")
    raise Refusal(400, 'the body takes an object with "prompt", "inputs" or "messages"')


def _are_texts(texts: Any) -> bool:
    return isinstance(texts, list) and len(texts) > 0 and all(isinstance(each, str) and each for each in texts)
