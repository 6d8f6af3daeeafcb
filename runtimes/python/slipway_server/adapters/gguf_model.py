from __future__ import annotations

from typing import Any

import numpy as np

from ..config import Facts
from ..language.engine import Engine
from ..language.generation import refusal_of
from ..language.whole import whole
from ..model import Model
from ..refusal import Refusal
from ..values.tensors import Signature, TensorSpec

PLATFORM = "llama.cpp_gguf"
_TEXT = TensorSpec("text", "BYTES", (-1,))

# By the Open Inference Protocol a request has nothing but its texts: the same text is answered the same.
_USUAL = {"max_tokens": 128, "temperature": 0, "seed": 0}


def load(path: str, facts: Facts) -> Model:
    """One that generates answers texts with texts, one that embeds with vectors."""
    if facts.language is None:
        raise ValueError("its facts do not say how a language model is served")
    engine = Engine(path, facts.language)
    if facts.language.task == "embed":
        outputs = facts.signature.outputs if facts.signature else (TensorSpec("embedding", "FP32", (-1, -1)),)
        return Model(Signature((_TEXT,), outputs), lambda inputs: {"embedding": embedded(engine, _texts(inputs))}, language=engine)

    def generate(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        answers = np.empty(inputs["text"].shape, dtype=object)
        answers[:] = [completed(engine, {"prompt": text, **_USUAL}) for text in _texts(inputs)]
        return {"text": answers}

    return Model(Signature((_TEXT,), (_TEXT,)), generate, language=engine)


def completed(engine: Engine, request: dict[str, Any]) -> str:
    """The text with which it goes on."""
    answer = whole(lambda emit: engine.complete(request, emit))
    return str(answer["choices"][0]["text"])


def embedded(engine: Engine, texts: list[str]) -> np.ndarray:
    return np.array([each["embedding"] for each in engine.embed({"input": texts})["data"]], dtype=np.float32)


def _texts(inputs: dict[str, np.ndarray]) -> list[str]:
    texts = [str(each) for each in inputs["text"].tolist()]
    if any(text == "" for text in texts):
        raise Refusal(400, 'input "text" has an empty text; it takes one to go on with')
    return texts
