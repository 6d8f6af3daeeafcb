"""Ranks texts by how well they match a query, in the forms of other ranking servers: with `documents` like Cohere, Jina and vLLM, with `texts` like Hugging Face's embedding server."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..refusal import Refusal, is_count, is_wrongly, show
from ..worded import worded

MOST_TEXTS = 2048


class Ranking(NamedTuple):
    """A request to rank texts; `is_own` means the request form of Hugging Face's server, `is_raw` asks for the network's own scores."""

    query: str
    texts: list[str]
    is_own: bool
    most: int | None
    is_told: bool
    is_raw: bool


def ranking_of(body: Any) -> Ranking:
    if not isinstance(body, dict):
        raise Refusal(400, worded("bodyTakesObject", show(body)))
    query = body.get("query")
    if not isinstance(query, str) or not query:
        raise Refusal(400, worded("queryTakesText", is_wrongly(body, "query")))
    is_own = "texts" in body
    texts = _texts(body, "texts" if is_own else "documents")
    told = _said(body, "return_text" if is_own else "return_documents")
    return Ranking(query, texts, is_own, _most(body.get("top_n")), told, _said(body, "raw_scores"))


def ranked_json(asked: Ranking, scores: list[float], tokens: int, model: str) -> Any:
    """The ranked texts, the best first."""
    order = sorted(range(len(scores)), key=lambda at: (-scores[at], at))[: asked.most]
    if asked.is_own:
        return [{"index": at, "score": scores[at], **({"text": asked.texts[at]} if asked.is_told else {})} for at in order]
    results = [{"index": at, "relevance_score": scores[at], **({"document": {"text": asked.texts[at]}} if asked.is_told else {})} for at in order]
    return {"object": "list", "model": model, "results": results, "usage": {"prompt_tokens": tokens, "total_tokens": tokens}}


def _texts(body: dict[str, Any], name: str) -> list[str]:
    given = body.get(name)
    texts = [each.get("text") if isinstance(each, dict) else each for each in given] if isinstance(given, list) else []
    if not texts or not all(isinstance(text, str) for text in texts):
        raise Refusal(400, worded("takesTextsOrObjects", name, is_wrongly(body, name)))
    if len(texts) > MOST_TEXTS:
        raise Refusal(400, worded("tooManyTexts", len(texts), MOST_TEXTS))
    return texts


def _most(value: Any) -> int | None:
    if value is not None and not is_count(value):
        raise Refusal(400, worded("topNTakes", show(value)))
    return None if value is None else int(value)


def _said(body: dict[str, Any], name: str) -> bool:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise Refusal(400, worded("takesTrueOrFalse", name, show(value)))
    return bool(value)
