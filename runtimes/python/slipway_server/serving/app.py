from __future__ import annotations

import asyncio
import os
import re
import traceback
from typing import Any, Awaitable, Callable

import falcon
import falcon.asgi
from falcon.asgi import Request, Response

from ..config import Config
from ..language.requests import no_such_model
from ..protocols.api_gateway import RENDER_PATH, SCORE_PATH, claims_of_clients, request_id
from ..protocols.openai import error_json
from ..refusal import Refusal, message_of
from ..stderr import say
from .answer import Answer
from .coding import encoded, encoding_for
from .cors import readable
from .keeper import Keeper
from .lambda_limit import TOO_LARGE, is_over_lambda
from .language_routes import LanguageRoutes
from .own_headers import only_own
from .predictor import ClientGone
from .routes import Routes
from .server_errors import counted
from .streams import dumped
from ..worded import worded

Asgi = Callable[[Any, Any, Any], Awaitable[None]]

# Callers' credentials for the gateway may give access to other models too: they are removed before any of the model's code runs.
_KEYS = (b"authorization", b"x-api-key")


def create_app(config: Config, routes: Routes, language: LanguageRoutes | None, keeper: Keeper | None = None) -> Asgi:
    """Every answer is JSON (except binary tensors and the output of handlers), and every refusal `{"error": why}`. `keeper` gets what was asked and answered."""
    app = falcon.asgi.App()
    ready, server = _Get(routes.ready), _Get(routes.server)
    app.add_route("/ping", ready)
    # MLflow's server uses this name too.
    app.add_route("/health", ready)
    if config.mlflow_version:
        app.add_route("/version", _Get(routes.mlflow_version))
    app.add_route("/v2/health/live", _Get(routes.live))
    app.add_route("/v2/health/ready", ready)
    app.add_route("/v2", server)
    for path in routes.model_paths:
        app.add_route(path, _Get(routes.metadata))
        app.add_route(f"{path}/ready", ready)
        app.add_route(f"{path}/infer", _Post(routes.infer))
    # Clients of SageMaker's runtime and of MLflow's deployments call the second path.
    for path in ("/invocations", f"/endpoints/{config.name}/invocations"):
        app.add_route(path, _Post(language.invocations if language else routes.invocations))
    app.add_route("/v1/models", _Get(language.models if language else routes.models))
    if config.facts.takes_texts:
        app.add_route("/v1/embeddings", _Post(routes.embeddings))
        # The names that Hugging Face's embedding server, Jina and vLLM, and Cohere's clients of either version use.
        for path in ("/rerank", "/v1/rerank", "/v2/rerank"):
            app.add_route(path, _Post(routes.rerank))
    if language:
        app.add_route("/v1/chat/completions", _Post(language.chat_completions))
        app.add_route("/v1/completions", _Post(language.completions))
        app.add_route("/v1/responses", _Post(language.responses))
        app.add_route(SCORE_PATH, _Post(language.score))
        app.add_route(RENDER_PATH, _Post(language.render))
        app.add_route("/v1/embeddings", _Post(language.embeddings))
    app.add_route(f"/v1/models/{config.name}", _Get(language.model if language else routes.model_ready))
    speaks_openai = language is not None or config.facts.takes_texts
    if speaks_openai:
        for alias in config.aliases:
            app.add_route(f"/v1/models/{alias}", _Get(routes.named(alias)))
    app.add_route(f"/v1/models/{config.name}:predict", _Post(routes.predict))
    for path in ("/", "/docs"):
        app.add_route(path, _GetOf(routes.about))
    app.add_route("/openapi.json", _Get(routes.openapi))
    app.add_route("/example.json", _Get(routes.example))
    _handle_errors(app, config, speaks_openai, is_language=language is not None)

    removed = _KEYS + claims_of_clients(os.environ)

    async def with_receive(scope: Any, receive: Any, send: Any) -> None:
        # The list is changed in place, because it belongs to the HTTP server.
        scope["headers"][:] = [header for header in scope["headers"] if header[0].lower() not in removed]
        scope["path"] = _plain(scope["path"], bytes(scope.get("raw_path") or b""))
        scope[_KEEPER] = keeper
        # Falcon does not notify a responder when its client has left.
        scope["slipway.receive"] = receive
        await app(scope, receive, counted(os.environ, scope, only_own(readable(config.cors, scope, send))))

    return with_receive


_KEEPER = "slipway.keeper"

# The address given to OpenAI's clients mostly ends in /v1, but not always.
_OPENAI = ("/chat/completions", "/completions", "/embeddings", "/models", "/responses")


def _plain(path: str, raw: bytes) -> str:
    """The path that a client means when it joins addresses: without doubled slashes and a slash at the end, and OpenAI's paths below /v1."""
    # An encoded slash is part of a name.
    if "//" in path or (path.endswith("/") and raw.split(b"?")[0].endswith(b"/")):
        path = re.sub("/{2,}", "/", path).rstrip("/") or "/"
    return f"/v1{path}" if path in _OPENAI else path


# A refusal below these is in the words of OpenAI's API, since its clients show no others, except at /v1/models, which is KServe's too.
_OPENAI_ERRORS = re.compile(r"/(v1/(?!models\b)|embeddings\b)")


class _GetOf:
    """Serves answers that depend on the request."""

    def __init__(self, answer: Callable[[Request], Awaitable[Answer]]) -> None:
        self._answer = answer

    async def on_get(self, request: Request, response: Response) -> None:
        await _write(request, response, await self._answer(request))

    on_head = on_get

    async def on_options(self, _request: Request, _response: Response) -> None:
        raise falcon.HTTPMethodNotAllowed(["GET"])


class _Get(_GetOf):
    def __init__(self, answer: Callable[[], Awaitable[Answer]]) -> None:
        super().__init__(lambda _request: answer())


class _Post:
    def __init__(self, answer: Callable[[Request], Awaitable[Answer]]) -> None:
        self._answer = answer

    async def on_post(self, request: Request, response: Response) -> None:
        answer = await self._answer(request)
        await _write(request, response, answer)
        keeper: Keeper | None = request.scope[_KEEPER]
        if keeper:
            keeper.keep(request, response, answer)

    # Falcon's own answer is 200 without a body.
    async def on_options(self, _request: Request, _response: Response) -> None:
        raise falcon.HTTPMethodNotAllowed(["POST"])


async def _write(request: Request, response: Response, answer: Answer) -> None:
    response.content_type = answer.content_type
    response.status = answer.status
    for name, value in answer.headers.items():
        response.set_header(name, value)
    if not isinstance(answer.body, bytes):
        response.stream = answer.body
    else:
        await _write_whole(request, response, answer.body)


async def _write_whole(request: Request, response: Response, body: bytes) -> None:
    response.data = body
    coding = encoding_for(body, request.get_header("accept-encoding"))
    if coding is not None:
        response.set_header("vary", "accept-encoding")
    if coding:
        response.set_header("content-encoding", coding)
        response.data = await asyncio.to_thread(encoded, body, coding)
    if is_over_lambda(os.environ, request.get_header, response.data, response.content_type, bool(coding)):
        response.delete_header("content-encoding")
        _refuse(request, response, 502, TOO_LARGE)


def _refuse(request: Request, response: Response, status: int, message: str) -> None:
    """Refuses a request; at SageMaker's path also in the words of its runtime, since its clients show no others: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html#API_runtime_InvokeEndpoint_Errors"""
    said: dict[str, Any] = {"error": message}
    if request.path.startswith("/endpoints/"):
        response.set_header("x-amzn-errortype", "ModelError")
        said = {**said, "Message": message, "OriginalMessage": message, "OriginalStatusCode": status}
    response.status = status
    response.content_type = "application/json"
    response.data = dumped(said).encode("utf-8", "replace")


def _log(request: Request, text: str) -> None:
    """Adds the request's id to a line of the log."""
    given = request_id(request.get_header)
    label = f"request {given}" if given else "a request"
    say(f"{label}: {text}")


def _handle_errors(app: falcon.asgi.App, config: Config, speaks_openai: bool, is_language: bool) -> None:
    def refuse_path(request: Request, response: Response, refused: Refusal) -> None:
        _refuse(request, response, refused.status, refused.message)
        # Clients of a language model may leave out /v1.
        path = request.path if is_language else _path_of(request)
        if _OPENAI_ERRORS.match(path) or refused.code:
            response.data = dumped(error_json(refused)).encode("utf-8", "replace")

    async def refused(request: Request, response: Response, error: Refusal, _params: Any) -> None:
        if error.status == 500:
            _log(request, error.message)
        if error.retry_after is not None:
            response.set_header("retry-after", str(error.retry_after))
        if error.accept_encoding is not None:
            response.set_header("accept-encoding", error.accept_encoding)
        _refuse(request, response, error.status, error.message)

    async def not_found(request: Request, response: Response, _error: Any, _params: Any) -> None:
        model = worded("askByInvocations", config.name) if request.method == "POST" else worded("modelIs", config.name)
        unknown = re.fullmatch("/v1/models/([^:]+)", request.path) if speaks_openai and request.method != "POST" else None
        if unknown:
            refuse_path(request, response, no_such_model(unknown[1], config.name))
        else:
            refuse_path(request, response, Refusal(404, worded("nothingHere", _path_of(request), model)))

    async def not_allowed(request: Request, response: Response, error: falcon.HTTPError, _params: Any) -> None:
        allowed = "GET" if "GET" in str(dict(error.headers or {}).get("Allow")) else "POST"
        response.set_header("allow", "GET, HEAD" if allowed == "GET" else allowed)
        hint = worded("rowsArePosted") if allowed == "GET" and request.method == "POST" else ""
        refuse_path(request, response, Refusal(405, f"{_path_of(request)} takes {allowed}, not {request.method}{hint}"))

    async def failed(request: Request, response: Response, error: Exception, _params: Any) -> None:
        if not isinstance(error, (ClientGone, falcon.HTTPError, OSError)):
            _log(request, message_of(error))
            say("".join(traceback.format_exception(type(error), error, error.__traceback__)).rstrip("\n"))
        _refuse(request, response, error.status_code if isinstance(error, falcon.HTTPError) else 500, message_of(error))

    app.add_error_handler(Exception, failed)
    app.add_error_handler(Refusal, refused)
    app.add_error_handler(falcon.HTTPRouteNotFound, not_found)
    app.add_error_handler(falcon.HTTPMethodNotAllowed, not_allowed)


def _path_of(request: Request) -> str:
    raw = request.scope.get("raw_path") or request.path.encode()
    return bytes(raw).split(b"?")[0].decode("ascii", "replace")

