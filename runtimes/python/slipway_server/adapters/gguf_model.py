from __future__ import annotations

import numpy as np

from ..config import Facts
from ..language.engine import Engine
from ..model import Model
from ..values.tensors import Signature, TensorSpec
from .language_model import TEXT, language_model, texts_in

PLATFORM = "llama.cpp_gguf"
# llama.cpp runs the chat template of a file without any time limit.
IS_TRIED_FIRST = True


def load(path: str, facts: Facts) -> Model:
    """A model that generates answers texts with texts; one that embeds answers with vectors."""
    if facts.language is None:
        raise ValueError("its facts do not say how a language model is served")
    engine = Engine(path, facts.language)
    if facts.language.task == "embed":
        outputs = facts.signature.outputs if facts.signature else (TensorSpec("embedding", "FP32", (-1, -1)),)
        return Model(Signature((TEXT,), outputs), lambda inputs: {"embedding": embedded(engine, texts_in(inputs))}, language=engine)
    return language_model(engine)


def embedded(engine: Engine, texts: list[str]) -> np.ndarray:
    return np.array([each["embedding"] for each in engine.embed({"input": texts})["data"]], dtype=np.float32)
