from __future__ import annotations

import json
import socket
from importlib import import_module
from typing import Any

import numpy as np

from ..config import Facts
from ..model import Model
from ..refusal import Refusal, show
from ..values.tensors import Signature, TensorSpec

PLATFORM = "spacy"
AHEAD = ("spacy",)
_TEXT = TensorSpec("text", "BYTES", (-1,))
_USUAL = "Apple is looking at buying U.K. startup for $1 billion."
_MOST_TEXTS = 1_000
_CATEGORIES = ("textcat", "textcat_multilabel")


def load(path: str, facts: Facts) -> Model:
    """A pipeline of spaCy's own components, as inspection has found them. In the Open Inference Protocol each answer is a JSON text."""
    nlp = _spacy().load(path)
    has_categories = any(nlp.get_pipe_meta(name).factory in _CATEGORIES for name in nlp.pipe_names)
    outputs = ["entities", "categories"] if has_categories else ["entities"]

    def predict(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        told = [_said(doc, has_categories, False) for doc in nlp.pipe(_checked(inputs["text"].tolist()))]
        return {name: _texts([json.dumps(each[name], ensure_ascii=False) for each in told]) for name in outputs}

    def invoke(body: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
        texts, is_one, has_tokens = _request(body)
        told = [_said(doc, has_categories, has_tokens) for doc in nlp.pipe(texts)]
        return json.dumps({"predictions": told[0] if is_one else told}, ensure_ascii=False).encode(), "application/json"

    signature = Signature((_TEXT,), tuple(TensorSpec(name, "BYTES", (-1,)) for name in outputs))
    return Model(signature, predict, invoke=invoke, sample={"inputs": _samples(nlp.lang)})


def _spacy() -> Any:
    # spaCy's downloader tests IPv6 on import by opening a socket; this prevents that.
    has_ipv6, socket.has_ipv6 = socket.has_ipv6, False
    try:
        return import_module("spacy")
    finally:
        socket.has_ipv6 = has_ipv6


def _said(doc: Any, has_categories: bool, has_tokens: bool) -> dict[str, Any]:
    """The pipeline's findings in a text; places are counted in characters."""
    said: dict[str, Any] = {
        "entities": [{"text": each.text, "label": each.label_, "start": each.start_char, "end": each.end_char} for each in doc.ents]
    }
    if has_categories:
        said["categories"] = {label: float(score) for label, score in doc.cats.items()}
    if has_tokens:
        said["tokens"] = [_token(each) for each in doc]
    return said


def _token(token: Any) -> dict[str, Any]:
    """The token's attributes, without those that the pipeline does not set."""
    found = {"pos": token.pos_, "tag": token.tag_, "lemma": token.lemma_, "dep": token.dep_}
    return {"text": token.text, "start": token.idx, "end": token.idx + len(token), **{name: value for name, value in found.items() if value}}


def _request(body: bytes) -> tuple[list[str], bool, bool]:
    """The texts, whether the client sent a single text instead of a list, and whether it asks for tokens."""
    try:
        asked = json.loads(body)
    except ValueError as error:
        raise Refusal(400, f"the body is not JSON: {error}") from None
    given = asked.get("inputs", asked.get("instances")) if isinstance(asked, dict) else None
    options = asked.get("parameters") or {} if isinstance(asked, dict) else {}
    if not isinstance(options, dict) or not isinstance(options.get("tokens", False), bool):
        raise Refusal(400, 'parameters takes {"tokens": true}')
    is_one = isinstance(given, str)
    return _checked([given] if is_one else given), is_one, options.get("tokens", False)


def _checked(texts: Any) -> list[str]:
    if not isinstance(texts, list) or not texts or not all(isinstance(each, str) for each in texts):
        raise Refusal(400, f'inputs is {show(texts)}; it takes a text, or a list of them: {{"inputs": ["…"]}}')
    if len(texts) > _MOST_TEXTS:
        raise Refusal(400, f"inputs has {len(texts)} texts; the limit is {_MOST_TEXTS}")
    return texts


def _texts(values: list[str]) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _samples(language: str) -> list[str]:
    """Sample sentences in the pipeline's language, which spaCy has for most languages."""
    try:
        sentences = import_module(f"spacy.lang.{language}.examples").sentences
        return [str(each) for each in sentences[:3]] or [_USUAL]
    except ImportError:
        return [_USUAL]
