"""A language model in the protocols of all models, regardless of its engine."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..language.engine import Engine
from ..language.whole import whole
from ..model import Model
from ..refusal import Refusal
from ..values.tensors import Signature, TensorSpec

TEXT = TensorSpec("text", "BYTES", (-1,))

# A request of the Open Inference Protocol has only its texts; with these settings the same text gets the same answer.
_USUAL = {"max_tokens": 128, "temperature": 0, "seed": 0}


def language_model(engine: Engine) -> Model:
    """The model that continues texts."""

    def generate(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        answers = np.empty(inputs["text"].shape, dtype=object)
        answers[:] = [completed(engine, {"prompt": text, **_USUAL}) for text in texts_in(inputs)]
        return {"text": answers}

    return Model(Signature((TEXT,), (TEXT,)), generate, language=engine)


def completed(engine: Engine, request: dict[str, Any]) -> str:
    """The model's continuation of a text."""
    answer = whole(lambda emit: engine.complete(request, emit))
    return str(answer["choices"][0]["text"])


def texts_in(inputs: dict[str, np.ndarray]) -> list[str]:
    texts = [str(each) for each in inputs["text"].tolist()]
    if any(text == "" for text in texts):
        raise Refusal(400, 'input "text" has an empty text; it takes one to go on with')
    return texts
