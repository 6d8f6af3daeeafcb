from __future__ import annotations

import sys

from ..config import Facts


def device_of(facts: Facts) -> str:
    """The device of torch: the machine's GPU where the model was given one. A build has no GPU, and proves the model on a CPU."""
    import torch

    if not facts.needs_gpu or not torch.cuda.is_available():
        return "cpu"
    # Keeps convolutions as exact as on the CPU; by default they would use TF32.
    torch.backends.cudnn.allow_tf32 = False
    print(f"torch computes on {torch.cuda.get_device_name()}", file=sys.stderr, flush=True)
    return "cuda"
