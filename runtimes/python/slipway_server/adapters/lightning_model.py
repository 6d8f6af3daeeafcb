"""A checkpoint of PyTorch Lightning with the class that was trained: Lightning loads it, and its `forward` answers."""

from __future__ import annotations

import os
from typing import Any

from ..config import Facts
from ..frameworks.device import device_of
from ..model import Model
from .python_model import answered_by
from .user_code import import_file

PLATFORM = "lightning_checkpoint"
AHEAD = ("torch", "lightning")


def load(path: str, facts: Facts) -> Model:
    """
    Turns numbers into tensors of the type that the first layer takes: whole numbers for an embedding, else 32-bit floats.
    An object gives `forward` its parameters by name. Tensors in its answer, also within lists and objects, are answered as numbers.
    """
    import torch

    file, _, name = (facts.entrypoint or "").partition(":")
    trained = getattr(import_file(path, file), name)
    device = device_of(facts)
    net = trained.load_from_checkpoint(os.path.join(path, "model.ckpt"), map_location=device).eval()
    dtype = torch.int64 if _begins_with_words(net) else torch.float32

    def predict(inputs: Any) -> Any:
        with torch.inference_mode():
            if isinstance(inputs, dict):
                return _plain(net(**{name: torch.as_tensor(value, dtype=dtype, device=device) for name, value in inputs.items()}))
            return _plain(net(torch.as_tensor(inputs, dtype=dtype, device=device)))

    return answered_by(predict, facts)


def _begins_with_words(net: Any) -> bool:
    """Whether the first layer that has weights looks up whole numbers in a table."""
    import torch

    weighty = (layer for layer in net.modules() if any(True for _ in layer.parameters(recurse=False)))
    return isinstance(next(weighty, None), (torch.nn.Embedding, torch.nn.EmbeddingBag))


def _plain(answer: Any) -> Any:
    if isinstance(answer, dict):
        return {name: _plain(value) for name, value in answer.items()}
    if isinstance(answer, (list, tuple)):
        return [_plain(value) for value in answer]
    return answer.tolist() if hasattr(answer, "tolist") else answer
