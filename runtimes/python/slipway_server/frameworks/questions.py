"""Finds the answer to a question in a context. transformers no longer has a pipeline for this: the results are those of its last one, and of the ONNX server (runtimes/onnx/language/tasks/question-answering.ts)."""

from __future__ import annotations

from typing import Any, Iterator

import numpy as np

from ..refusal import Refusal

# A longer context is cut into pieces of at most so many tokens, which overlap by so many.
_MOST_TOKENS = 384
_OVERLAP = 128
# The most tokens of an answer, unless a request sets another limit.
LONGEST = 15
# Some of the likeliest become one answer where they are parts of the same words.
_MORE = 10
_CONTEXT = 1
_NEVER = -10_000.0


def answered(encoder: Any, question: str, context: str, count: int, longest: int) -> list[dict[str, Any]]:
    """{score, start, end, answer} of the likeliest words of the context, places in characters: as many as requested."""
    found: dict[str, dict[str, Any]] = {}
    for encoding, starts, ends in _pieces(encoder, question, context):
        for first, last, score in _spans(starts, ends, longest, 2 * count + _MORE):
            start, end = _place(encoding, first, last)
            answer = context[start:end]
            same = found.setdefault(answer.lower(), {"score": 0.0, "start": start, "end": end, "answer": answer})
            same["score"] += score
    ordered = sorted(found.values(), key=lambda each: -each["score"])
    return ordered[:count] or [{"score": 0.0, "start": 0, "end": 0, "answer": ""}]


def _pieces(encoder: Any, question: str, context: str) -> Iterator[tuple[Any, np.ndarray, np.ndarray]]:
    """Each piece as its tokens, and how likely an answer starts and ends at each of them."""
    most = min(encoder.said.max_tokens or _MOST_TOKENS, _MOST_TOKENS)
    cut = {"truncation": "only_second", "max_length": most, "stride": min(most // 2, _OVERLAP), "return_overflowing_tokens": True}
    try:
        tokens = encoder.tokenizer([question], [context], padding=True, return_tensors="pt", **cut)
    # The library raises only general exceptions.
    except Exception:
        raise Refusal(400, f"the question leaves no room for its context: the model takes {most} tokens") from None
    tokens.pop("overflow_to_sample_mapping")
    starts, ends = (each.numpy() for each in encoder.answers(tokens))
    for at, encoding in enumerate(tokens.encodings):
        is_context = np.array([each == _CONTEXT for each in encoding.sequence_ids])
        yield encoding, _likely(starts[at], is_context), _likely(ends[at], is_context)


def _likely(logits: np.ndarray, is_context: np.ndarray) -> np.ndarray:
    """The probabilities of the tokens: only tokens of the context can be an answer, but the first token of all takes the share of no answer."""
    counts = is_context.copy()
    counts[0] = True
    scores = np.where(counts, logits.astype(np.float64), _NEVER)
    powers = np.exp(scores - scores.max())
    likely: np.ndarray = np.where(is_context, powers / powers.sum(), 0)
    return likely


def _spans(starts: np.ndarray, ends: np.ndarray, longest: int, count: int) -> list[tuple[int, int, float]]:
    """The likeliest answers, each from its first to its last token."""
    scores = np.tril(np.triu(np.outer(starts, ends)), longest - 1)
    best = np.argsort(-scores, axis=None, kind="stable")[:count]
    places = [(int(at) // len(ends), int(at) % len(ends)) for at in best]
    return [(first, last, float(scores[first, last])) for first, last in places if scores[first, last] > 0]


def _place(encoding: Any, first: int, last: int) -> tuple[int, int]:
    """The words that a span is in, as characters of the context."""
    return _word(encoding, first)[0], _word(encoding, last)[1]


def _word(encoding: Any, token: int) -> tuple[int, int]:
    word = encoding.word_ids[token]
    chars = None if word is None else encoding.word_to_chars(word, _CONTEXT)
    found: tuple[int, int] = chars or encoding.offsets[token]
    return found
