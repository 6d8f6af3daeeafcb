"""Gives the Python server formats of tests alone: `texts` are answered from a table, as `frameworks/encoders.py` answers them from a network, so that tests of the protocol need no PyTorch; `talker` is a language model, and `labeller` reads requests with images, as `frameworks/transformers.py` has them labelled."""

from __future__ import annotations

import json
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import talker


def load(path: str, facts: Any) -> Any:
    # Not before the server has entered its walls.
    import numpy as np
    from slipway_server.model import Model
    from slipway_server.values.tensors import Signature, TensorSpec

    table = json.loads((Path(path) / "texts.json").read_text())
    unknown = table["vectors"][0]

    def vector(text: str) -> list[float]:
        found = [table["vectors"][table["words"].index(word)] if word in table["words"] else unknown for word in text.split()]
        return np.mean(found, axis=0).tolist() if found else [0.0, 0.0]

    def embed(texts: list[str]) -> tuple[list[list[float]], int]:
        return [vector(text) for text in texts], sum(len(text.split()) for text in texts)

    def rank(query: str, texts: list[str], is_raw: bool) -> tuple[list[float], int]:
        known = [table["scores"][text] for text in texts]
        return [each["raw" if is_raw else "likely"] for each in known], sum(each["tokens"] for each in known)

    def predict(arrays: dict[str, Any]) -> dict[str, Any]:
        return {"embedding": np.array([vector(str(text)) for text in arrays["text"]], np.float32)}

    signature = Signature((TensorSpec("text", "BYTES", (-1,)),), (TensorSpec("embedding", "FP32", (-1, 2)),))
    return Model(signature, predict, is_network=True, embed=embed if facts.embeds else None, rank=rank)


def load_labeller(_path: str, _facts: Any) -> Any:
    from slipway_server.images.classification import image_model

    return image_model(None, lambda _image, **_asked: [])


for name, loads in {"labeller": load_labeller, "texts": load, "talker": talker.load}.items():
    path = f"slipway_server.adapters.{name}_model"
    adapter = ModuleType(path)
    adapter.__spec__ = ModuleSpec(path, None)
    adapter.PLATFORM = "python_code"  # type: ignore[attr-defined]
    adapter.load = loads  # type: ignore[attr-defined]
    sys.modules[path] = adapter
