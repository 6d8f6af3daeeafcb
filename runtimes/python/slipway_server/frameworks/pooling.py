"""Makes one vector of a text from the vectors of its tokens."""

from __future__ import annotations

import os
from typing import Any

from ..config import Pipeline, SentenceModule

# The torch modules that sentence-transformers uses as the activation of a Dense.
_ACTIVATIONS = ("Identity", "Tanh", "ReLU", "GELU", "SiLU", "Sigmoid", "LeakyReLU", "ELU", "SELU", "Mish", "Softplus")


def pooled(hidden: Any, mask: Any, pooling: str | None) -> Any:
    """A vector of each text, pooled from the vectors of its tokens as sentence-transformers does; by default their mean. Padding may be on the left too."""
    import torch

    weights = mask.unsqueeze(-1).to(hidden.dtype)
    places = torch.arange(hidden.shape[1], device=hidden.device)
    if pooling in ("cls", "lasttoken"):
        counted = torch.where(mask > 0, places + 1, 0 if pooling == "lasttoken" else hidden.shape[1] + 1)
        place = (counted.amax(1) if pooling == "lasttoken" else counted.amin(1)) - 1
        return hidden.gather(1, place.view(-1, 1, 1).expand(-1, 1, hidden.shape[2])).squeeze(1)
    if pooling == "max":
        return hidden.masked_fill(weights == 0, -torch.inf).amax(1)
    if pooling == "weightedmean":
        weights = weights * mask.cumsum(1).unsqueeze(-1)
    count = weights.sum(1).clamp(min=1e-9)
    return (hidden * weights).sum(1) / (count.sqrt() if pooling == "mean_sqrt_len" else count)


def head_of(root: str, said: Pipeline) -> Any:
    """The modules that sentence-transformers applies to a pooled vector, read from the folder `root`, as one torch module."""
    import torch

    steps = [_module(root, each) for each in said.modules]
    if said.normalizes:
        steps.append(_normalize())
    return torch.nn.Sequential(*steps).eval().float()


def _module(root: str, said: SentenceModule) -> Any:
    import torch

    if said.kind == "Normalize":
        return _normalize()
    state = _state(os.path.join(root, said.path))
    if said.kind == "LayerNorm":
        norm = torch.nn.LayerNorm(state["norm.weight"].shape[0])
        norm.load_state_dict({name.removeprefix("norm."): each for name, each in state.items()})
        return norm
    return _dense(state, said)


def _dense(state: dict[str, Any], said: SentenceModule) -> Any:
    import torch

    if said.activation not in _ACTIVATIONS:
        raise ValueError(f'the activation of {said.path} is "{said.activation}"; it takes {", ".join(_ACTIVATIONS)}')
    outputs, inputs = state["linear.weight"].shape

    class Dense(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = torch.nn.Linear(inputs, outputs, bias="linear.bias" in state)
            self.activation = getattr(torch.nn, said.activation or "Identity")()
            if "residual.weight" in state:
                self.residual = torch.nn.Linear(inputs, outputs, bias=False)

        def forward(self, given: Any) -> Any:
            made = self.activation(self.linear(given))
            if not said.is_residual:
                return made
            return made + (self.residual(given) if hasattr(self, "residual") else given)

    dense = Dense()
    dense.load_state_dict(state)
    return dense


def _normalize() -> Any:
    import torch

    class Normalize(torch.nn.Module):
        def forward(self, given: Any) -> Any:
            return torch.nn.functional.normalize(given, dim=-1)

    return Normalize()


def _state(folder: str) -> Any:
    """A module's weights, from safetensors where it has them; else from torch's own file, from which it reads only weights."""
    import torch
    from safetensors.torch import load_file

    tensors = os.path.join(folder, "model.safetensors")
    if os.path.exists(tensors):
        return load_file(tensors)
    return torch.load(os.path.join(folder, "pytorch_model.bin"), map_location="cpu", weights_only=True)
