"""The log-probability of a given answer: how likely the model finds a text after a prompt that it did not necessarily write itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Union

from ..refusal import Refusal, show

# Longer answers say no more of a model, and each token of them costs as much as one that is generated.
MOST_LETTERS = 2000
LEAST = -20.0


# A text, or a list of messages, which the chat template writes.
Prompt = Union[str, "list[dict[str, Any]]"]


@dataclass(frozen=True)
class Scored:
    prompt: Prompt
    answer: str


@dataclass(frozen=True)
class Score:
    """The sum of the natural logarithms of the probabilities of the answer's tokens, and how many tokens it and its prompt have."""

    logprob: float
    tokens: int
    prompt_tokens: int

    def json(self) -> dict[str, Any]:
        return {"logprob": self.logprob, "tokens": self.tokens, "prompt_tokens": self.prompt_tokens}


def scored_in(body: Any) -> Scored:
    """Reads `{"messages" or "prompt", "answer"}`. Raises a Refusal with 400 for anything else."""
    answer = body.get("answer") if isinstance(body, dict) else None
    if not isinstance(answer, str) or not 0 < len(answer) <= MOST_LETTERS:
        raise Refusal(400, f"answer is {show(answer)}; it takes a text of 1 to {MOST_LETTERS} letters")
    return Scored(prompt_in(body), answer)


def prompt_in(body: Any) -> Prompt:
    """Reads `{"messages" or "prompt"}`. Raises a Refusal with 400 for anything else."""
    given = body if isinstance(body, dict) else {}
    prompt, messages = given.get("prompt"), given.get("messages")
    if isinstance(messages, list) and messages and all(isinstance(each, dict) for each in messages):
        return messages
    if isinstance(prompt, str) and prompt:
        return prompt
    raise Refusal(400, "the body takes messages or a prompt")


def grammar_of(text: str) -> str:
    """The grammar, in the form of llama.cpp, in which this text is the only one."""
    return f'root ::= "{"".join(_escaped(each) for each in text)}"'


def _escaped(letter: str) -> str:
    return letter if letter.isascii() and (letter.isalnum() or letter == " ") else f"\\U{ord(letter):08X}"


def score_of(answer: dict[str, Any], text: str) -> Score:
    """The score in llama.cpp's answer to a request whose grammar is the text. Raises a Refusal where the text did not fit."""
    choice = answer["choices"][0]
    said = choice["message"]["content"] if "message" in choice else choice["text"]
    # The token that ends the answer has no bytes.
    tokens = [each for each in choice["logprobs"]["content"] if each["bytes"]]
    if choice["finish_reason"] != "stop" or said != text or not tokens:
        raise Refusal(400, "the answer does not fit into the context together with its prompt")
    logprob = sum(bounded(each["logprob"]) for each in tokens)
    return Score(logprob, len(tokens), int(answer["usage"]["prompt_tokens"]))


def bounded(logprob: Any) -> float:
    """The logarithm of a token's probability, at least -20: one token that is impossible would outweigh all others, and float32 tells less likely ones hardly apart."""
    return max(LEAST, float(logprob)) if isinstance(logprob, (int, float)) and math.isfinite(logprob) else LEAST
