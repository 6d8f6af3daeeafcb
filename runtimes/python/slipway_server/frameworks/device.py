from __future__ import annotations

import sys

from ..config import Facts


def device_of(facts: Facts) -> str:
    """Where torch computes: on the machine's GPU where the model was given one. A build has none, and proves it on a CPU."""
    import torch

    if not facts.needs_gpu or not torch.cuda.is_available():
        return "cpu"
    # As exact as on the CPU; convolutions would be in TF32.
    torch.backends.cudnn.allow_tf32 = False
    print(f"torch computes on {torch.cuda.get_device_name()}", file=sys.stderr, flush=True)
    return "cuda"
