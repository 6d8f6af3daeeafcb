"""
The tokens that llama.cpp reads of a prompt. Its /tokenize is out of reach here, but an answer to a `verbose` request repeats the prompt as text,
and a `logit_bias` the tokens of its texts, in their order. A request without a prompt is answered at once, without a step of the network.
"""

from __future__ import annotations

import re
from typing import Any, Callable

from .scoring import Prompt

# Sends a request, and returns these fields of its `__verbose`, each by the last part of its name.
Told = Callable[["dict[str, Any]"], "dict[str, Any]"]
FIELDS = ["prompt", "tokens_evaluated", "generation_settings/logit_bias", "generation_settings/grammar_triggers"]

# The forms in which models write the tokens that are no text, such as <|im_start|> and [INST]. llama.cpp says which of them are tokens.
_CONTROL = re.compile(r"<[^<>\s]+>|\[[^\[\]\s]+\]")
_TRIGGER_WORD = 1


def prompt_tokens(told: Told, prompt: Prompt) -> list[int] | None:
    """The numbers of a prompt's tokens; None unless llama.cpp reads as many of the prompt, and writes these as the same text."""
    read = told({"prompt": prompt} if isinstance(prompt, str) else {"messages": prompt})
    text, count = read["prompt"], read["tokens_evaluated"]
    controls = _controls(told, sorted(set(_CONTROL.findall(text))))
    # SentencePiece puts a space before each text that follows such a token, which llama.cpp then writes.
    for begins in ("", " "):
        tokens = _tokens(told, text, controls, begins)
        if len(tokens) == count and told({"prompt": tokens})["prompt"] == text:
            return tokens
    return None


def _controls(told: Told, words: list[str]) -> dict[str, int]:
    """The words that are one token each in a prompt, and are not one as a mere text."""
    if not words:
        return {}
    triggers = [{"type": _TRIGGER_WORD, "value": word} for word in words]
    said = told({"prompt": "", "preserved_tokens": words, "grammar_triggers": triggers, "logit_bias": [[word, at] for at, word in enumerate(words)]})
    tokens = {each["value"]: each["token"] for each in said["grammar_triggers"] if "token" in each}
    lengths = [0] * len(words)
    for each in said["logit_bias"]:
        lengths[int(each["bias"])] += 1
    return {word: tokens[word] for word, length in zip(words, lengths) if word in tokens and length > 1}


def _tokens(told: Told, text: str, controls: dict[str, int], begins: str) -> list[int]:
    parts: list[str | int] = []
    end = 0
    for found in _CONTROL.finditer(text):
        if found[0] in controls:
            parts += [text[end : found.start()], controls[found[0]]]
            end = found.end()
    parts.append(text[end:])
    texts = [part.removeprefix(begins) if at and isinstance(part, str) else part for at, part in enumerate(parts)]
    said = told({"prompt": "", "logit_bias": [[part, 0] for part in texts if part != ""]})
    return [each["token"] for each in said["logit_bias"]]
