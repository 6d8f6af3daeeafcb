"""One vector of a text, of those of its tokens."""

from __future__ import annotations

from typing import Any

from ..config import Pipeline


def pooled(hidden: Any, mask: Any, said: Pipeline) -> Any:
    """A vector of each text, as sentence-transformers makes it of those of the tokens; their mean where it says nothing."""
    import torch

    weights = mask.unsqueeze(-1).to(hidden.dtype)
    if said.pooling == "cls":
        vectors = hidden[:, 0]
    elif said.pooling == "lasttoken":
        vectors = hidden[torch.arange(len(hidden)), mask.sum(1) - 1]
    elif said.pooling == "max":
        vectors = hidden.masked_fill(weights == 0, -torch.inf).max(1).values
    else:
        count = weights.sum(1).clamp(min=1e-9)
        vectors = (hidden * weights).sum(1) / (count.sqrt() if said.pooling == "mean_sqrt_len" else count)
    vectors = torch.nn.functional.normalize(vectors, dim=-1) if said.normalizes else vectors
    # Cut afterwards, as sentence-transformers does.
    return vectors[:, : said.dimensions]
