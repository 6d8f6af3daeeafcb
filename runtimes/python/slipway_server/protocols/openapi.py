from __future__ import annotations

import json
from typing import Any, Iterable

import numpy as np

from ..config import Config, LanguageServing
from ..model import Model
from ..values.tensor_json import flat_json, nested_json
from ..values.tensors import datatype_of
from .about import Sample
from .schemas import ERROR, infer_request, infer_response, invocation_request, invocation_response, response_by_row
from ..worded import worded


def openapi_of(config: Config, model: Model, example: dict[str, np.ndarray] | None) -> dict[str, Any]:
    """
    OpenAPI 3.1 of the paths that this model answers, with its own names, datatypes and shapes.
    `example` has inputs that it has answered; without them the document has no example.
    """
    return grouped(_document(config, model, example))


_CALLS, _STATE = worded("callTheModel"), worded("aboutTheModel")


def grouped(document: dict[str, Any]) -> dict[str, Any]:
    """The document with a tag on each operation, by which documentation pages group the paths."""
    paths = {
        path: {method: {**operation, "tags": [_CALLS if method == "post" else _STATE]} for method, operation in methods.items()}
        for path, methods in document["paths"].items()
    }
    return {**document, "tags": [{"name": _CALLS}, {"name": _STATE}], "paths": paths}


def _document(config: Config, model: Model, example: dict[str, np.ndarray] | None) -> dict[str, Any]:
    if model.language:
        return language_openapi(config, model)
    if config.facts.pipeline and config.facts.pipeline.task == "image-classification":
        return _image_openapi(config, model)
    path = f"/v2/models/{config.name}"
    signature = model.signature
    nested = nested_example(example, model)
    invocations = _post(
        worded("answerInvocations"), invocation_request(signature), invocation_response(signature), nested
    )
    if model.takes_file:
        form = {"type": "object", "required": [model.takes_file], "properties": {model.takes_file: _BINARY}}
        _add_files(invocations, form, ["application/octet-stream"])
    return {
        "openapi": "3.1.0",
        "info": {"title": config.name, "version": config.version or "0"},
        "servers": [{"url": "."}],
        "paths": {
            "/invocations": invocations,
            f"{path}/infer": _post(
                worded("answerInfer"),
                infer_request(signature),
                infer_response(signature),
                example and {"inputs": [_tensor(name, array) for name, array in example.items()]},
            ),
            f"/v1/models/{config.name}:predict": _post(
                worded("answerByRow"),
                invocation_request(signature),
                response_by_row(signature),
                nested,
            ),
            f"/v1/models/{config.name}": _get(worded("whetherLoaded")),
            **(_embedding() if config.facts.embeds else {}),
            **(_ranking() if config.facts.ranks else {}),
            **_about_it(path),
        },
    }


def language_openapi(config: Config, model: Model) -> dict[str, Any]:
    """The document of a language model, which answers OpenAI's API beside the Open Inference Protocol; its bodies are OpenAI's."""
    path = f"/v2/models/{config.name}"
    anything = {"type": "object"}
    embeds = config.facts.language is not None and config.facts.language.task == "embed"
    generation = {
        "/v1/chat/completions": _post("Answer a conversation, as OpenAI's API does", anything, anything, _CHAT),
        "/v1/responses": _post("Answer a conversation, as OpenAI's Responses API does", anything, anything, {"input": TEXT}),
        "/v1/completions": _post("Go on with a text, as OpenAI's API does", anything, anything, {"prompt": TEXT}),
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": config.name, "version": config.version or "0"},
        "servers": [{"url": "."}],
        "paths": {
            **(_embedding() if embeds else {**generation, **_models()}),
            "/invocations": _post("Answer texts", anything, anything, {"inputs": TEXT}),
            f"{path}/infer": _post(
                "Answer texts in the Open Inference Protocol", infer_request(model.signature), infer_response(model.signature), None
            ),
            **_about_it(path),
        },
    }


def _image_openapi(config: Config, model: Model) -> dict[str, Any]:
    """The document of a model over images, which takes an image as the body, or a request of Hugging Face's inference API."""
    path = f"/v2/models/{config.name}"
    text = {"type": "string", "description": worded("imageInJson")}
    inputs = {"anyOf": [text, {"type": "array", "items": text, "minItems": 1}]}
    top = {"top_k": {"type": "integer", "minimum": 1, "default": 5}, "function_to_apply": {"enum": ["softmax", "sigmoid", "none"]}}
    request = {"type": "object", "required": ["inputs"], "properties": {"inputs": inputs, "parameters": {"type": "object", "properties": top}}}
    labels = {"type": "array", "items": {"type": "object", "properties": {"label": {"type": "string"}, "score": {"type": "number"}}}}
    response = {"anyOf": [labels, {"type": "array", "items": labels}]}
    example = config.facts.example and config.facts.example["body"]
    invocations = _post(worded("tellWhatIsInImage"), request, response, example)
    kinds = ("image/png", "image/jpeg", "image/webp")
    _add_files(invocations, {"type": "object", "required": ["image"], "properties": {"image": _BINARY, **top}}, kinds)
    return {
        "openapi": "3.1.0",
        "info": {"title": config.name, "version": config.version or "0"},
        "servers": [{"url": "."}],
        "paths": {
            "/invocations": invocations,
            f"{path}/infer": _post(
                "Answer images as base64 in the Open Inference Protocol", infer_request(model.signature), infer_response(model.signature), None
            ),
            **_about_it(path),
        },
    }


_BINARY = {"type": "string", "format": "binary"}


def _add_files(path: dict[str, Any], form: dict[str, Any], kinds: Iterable[str]) -> None:
    """A file in a form or as the body; a page that calls the model first offers the first of a path's types."""
    files = {"multipart/form-data": {"schema": form}, **{kind: {"schema": _BINARY} for kind in kinds}}
    body = path["post"]["requestBody"]
    body["content"] = {**files, **body["content"]}


# A text that every language model can continue.
TEXT = "Once upon a time"

_CHAT = {"messages": [{"role": "user", "content": TEXT}]}


def _embedding() -> dict[str, Any]:
    anything = {"type": "object"}
    return {"/v1/embeddings": _post("Embed texts, as OpenAI's API does", anything, anything, {"input": TEXT}), **_models()}


def _ranking() -> dict[str, Any]:
    def ranked(name: str) -> dict[str, Any]:
        example = {"query": "Who wrote the first program?", name: [TEXT, "Ada Lovelace wrote the first program in London."]}
        return _post(worded("rankTexts"), anything, anything, example)

    anything = {"type": "object"}
    return {"/v1/rerank": ranked("documents"), "/rerank": ranked("texts")}


def _models() -> dict[str, Any]:
    return {"/v1/models": _get("The model, as OpenAI's API names it")}


def language_sample(language: LanguageServing) -> Sample:
    """The request that OpenAI's clients send to a language model of this kind."""
    if language.task == "embed":
        return Sample("/v1/embeddings", {"input": TEXT})
    if language.has_chat_template:
        return Sample("/v1/chat/completions", _CHAT)
    return Sample("/v1/completions", {"prompt": TEXT})


def _about_it(path: str) -> dict[str, Any]:
    return {
        path: _get(worded("whatMetadataIs")),
        f"{path}/ready": _get(worded("whetherLoaded")),
        "/ping": _get(worded("whetherLoaded")),
        "/v2": _get(worded("whatServerIs")),
        "/v2/health/live": _get(worded("whetherServerRuns")),
        "/v2/health/ready": _get(worded("whetherLoaded")),
    }


def nested_example(example: dict[str, np.ndarray] | None, model: Model) -> dict[str, Any] | None:
    """The example in the form that `/invocations` takes: by name, or the bare rows where code takes no names."""
    if not example:
        return None
    by_name = {name: json.loads(nested_json(array)) for name, array in example.items()}
    return {"inputs": next(iter(by_name.values())) if model.invoke and len(by_name) == 1 else by_name}


def _tensor(name: str, array: np.ndarray) -> dict[str, Any]:
    return {"name": name, "datatype": datatype_of(array), "shape": list(array.shape), "data": json.loads(flat_json(array))}


def _post(summary: str, request: dict[str, Any], response: dict[str, Any], example: Any) -> dict[str, Any]:
    body = {"schema": request, **({"example": example} if example else {})}
    return {
        "post": {
            "summary": summary,
            "requestBody": {"required": True, "content": {"application/json": body}},
            "responses": {"200": _answer("The outputs", response), "4XX": _answer(worded("whatWasWrong"), ERROR)},
        }
    }


def _get(summary: str) -> dict[str, Any]:
    responses = {"200": _answer("Yes", {"type": "object"}), "503": _answer(worded("modelIsLoading"), ERROR)}
    return {"get": {"summary": summary, "responses": responses}}


def _answer(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
