"""Writes versions of the weights of a language model by llama.cpp's own quantizers into a folder: `weights_gguf.py FOLDER`."""

import sys
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter
from gguf.quants import quantize

TYPES = ["Q4_0", "Q4_1", "Q5_0", "Q8_0"]
folder = Path(sys.argv[1])
random = np.random.default_rng(1)
LAYERS, WIDTH, TOKENS = 4, 128, 256
NAMES = [f"blk.{layer}.attn_{part}.weight" for layer in range(LAYERS) for part in ("q", "k", "v", "output")]
first = {name: random.normal(scale=0.02, size=(WIDTH, WIDTH)).astype(np.float32) for name in NAMES}
first["token_embd.weight"] = random.normal(scale=0.02, size=(TOKENS, WIDTH)).astype(np.float32)


def write(name, kind, weights, edit=None):
    writer = GGUFWriter(folder / f"{name}-{kind}.gguf", arch="llama")
    writer.add_context_length(128)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(WIDTH)
    writer.add_head_count(4)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list([f"token {at}" for at in range(TOKENS)])
    own = GGMLQuantizationType[kind]
    for tensor, array in weights.items():
        data = quantize(array, own)
        if edit:
            data = edit(tensor, data)
        writer.add_tensor(tensor, data, raw_dtype=own)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def adapted(scale):
    """Adapters of rank 4 in the queries and values of each layer, merged."""
    return {
        name: array + scale * (random.normal(size=(WIDTH, 4)) @ random.normal(size=(4, WIDTH))).astype(np.float32)
        if ".attn_q" in name or ".attn_v" in name
        else array
        for name, array in first.items()
    }


def damaged(tensor, data):
    """A third of a tensor is zeros, as of a copy that was cut off."""
    if tensor == "blk.2.attn_k.weight":
        data = data.copy()
        flat = data.reshape(-1).view(np.uint8)
        flat[: len(flat) // 3] = 0
    return data


for kind in ["F16", *TYPES]:
    write("first", kind, first)
    write("reordered", kind, dict(reversed(first.items())))
    write("adapted", kind, adapted(1e-3))
    write("hardly-adapted", kind, adapted(1e-5))
    write("tuned", kind, {name: array + random.normal(scale=1e-5, size=array.shape).astype(np.float32) for name, array in first.items()})
    write("damaged", kind, first, damaged)
