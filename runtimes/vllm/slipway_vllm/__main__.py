"""Becomes vLLM's own server, with the arguments that the environment says."""

from __future__ import annotations

import os
from typing import Mapping

# By default vLLM and its libraries would look for models at Hugging Face's hub and send statistics; all caches are in the writable folder.
_SETTINGS = {
    "HF_HUB_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_DO_NOT_TRACK": "1",
    "HOME": "/tmp",
    "VLLM_CACHE_ROOT": "/tmp/vllm",
    "TORCHINDUCTOR_CACHE_DIR": "/tmp/inductor",
    "TRITON_CACHE_DIR": "/tmp/triton",
    # torch looks up the name of a user that the image does not have.
    "LOGNAME": "slipway",
}


def arguments(env: Mapping[str, str]) -> list[str]:
    """The arguments of `vllm serve`, version 0.33. GPU_MEMORY_UTILIZATION and MAX_MODEL_LEN say how much the chosen instance has room for; without them vLLM takes its own defaults."""
    return [
        *("serve", env["MODEL_PATH"], "--served-model-name", env["MODEL_NAME"], *_aliases(env)),
        *("--host", "0.0.0.0", "--port", env["PORT"]),
        *_said(env, "MAX_MODEL_LEN", "--max-model-len"),
        *_said(env, "GPU_MEMORY_UTILIZATION", "--gpu-memory-utilization"),
        *_said(env, "TENSOR_PARALLEL_SIZE", "--tensor-parallel-size"),
        *("--middleware", "slipway_vllm.middleware.Slipway"),
        # The middleware answers for CORS; by itself vLLM lets pages of any origin read its answers.
        *("--allowed-origins", "[]"),
        "--disable-uvicorn-access-log",
    ]


def _aliases(env: Mapping[str, str]) -> list[str]:
    return env["MODEL_ALIASES"].split(",") if env.get("MODEL_ALIASES") else []


def _said(env: Mapping[str, str], name: str, option: str) -> tuple[str, ...]:
    return (option, env[name]) if env.get(name) else ()


if __name__ == "__main__":
    os.execvpe("vllm", ["vllm", *arguments(os.environ)], {**os.environ, **_SETTINGS})
