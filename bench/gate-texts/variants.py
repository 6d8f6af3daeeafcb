"""Versions of one language model in GGUF: damaged ones, and others that should answer as before."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter
from gguf.quants import dequantize, quantize

Fields = dict[str, tuple[Any, GGUFValueType, "GGUFValueType | None"]]
Tensors = dict[str, tuple[np.ndarray, GGMLQuantizationType]]
Edit = Callable[[Fields, Tensors], None]

_OWN = ("GGUF.version", "GGUF.tensor_count", "GGUF.kv_count")
_BLOCK = 20
_PLAIN = "{% for m in messages %}### {{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"
_LLAMA = "{% for m in messages %}[INST] {{ m['content'] }} [/INST]{% endfor %}"


def write(source: Path, target: Path, edit: Edit) -> None:
    """Writes the model again with an edit."""
    reader = GGUFReader(source)
    fields: Fields = {}
    for name, field in reader.fields.items():
        if name not in _OWN:
            kind = field.types[0]
            fields[name] = (field.contents(), kind, field.types[-1] if kind == GGUFValueType.ARRAY else None)
    tensors: Tensors = {each.name: (np.array(each.data), each.tensor_type) for each in reader.tensors}
    edit(fields, tensors)
    writer = GGUFWriter(target, arch=fields["general.architecture"][0])
    for name, (value, kind, sub) in fields.items():
        if name != "general.architecture":
            writer.add_key_value(name, value, kind, sub_type=sub)
    for name, (data, kind) in tensors.items():
        writer.add_tensor(name, data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def saved_again(fields: Fields, _: Tensors) -> None:
    """The same with its keys in another order."""
    items = list(fields.items())
    fields.clear()
    fields.update(reversed(items))


def template(text: str) -> Edit:
    def edit(fields: Fields, _: Tensors) -> None:
        fields["tokenizer.chat_template"] = (text, GGUFValueType.STRING, None)

    return edit


def tokens_moved(by: int) -> Edit:
    """The tokenizer of a vocabulary in which `by` tokens were put in before the others, as in another release of a model."""

    def edit(fields: Fields, _: Tensors) -> None:
        tokens, kind, sub = fields["tokenizer.ggml.tokens"]
        # The control tokens stand first.
        first = 260
        fields["tokenizer.ggml.tokens"] = ([*tokens[:first], *tokens[-by:], *tokens[first:-by]], kind, sub)

    return edit


def coarser(levels: int) -> Edit:
    """The numbers of each block of 32 with so many levels instead of 16."""

    def edit(_: Fields, tensors: Tensors) -> None:
        step = 15 / (levels - 1)
        to = np.round(np.round(np.arange(16) / step) * step).astype(np.uint8)
        for name, (data, kind) in tensors.items():
            if kind == GGMLQuantizationType.Q4_1:
                blocks = np.array(data).reshape(-1, _BLOCK)
                packed = blocks[:, 4:]
                blocks[:, 4:] = to[packed & 15] | (to[packed >> 4] << 4)
                tensors[name] = (blocks.reshape(data.shape), kind)

    return edit


def corrupted(name: str, seed: int) -> Edit:
    """A tensor with other numbers in its blocks, as of a bad copy."""

    def edit(_: Fields, tensors: Tensors) -> None:
        data, kind = tensors[name]
        blocks = np.array(data).reshape(-1, _BLOCK)
        random = np.random.default_rng(seed)
        blocks[:, 4:] = random.integers(0, 256, (len(blocks), _BLOCK - 4), dtype=np.uint8)
        tensors[name] = (blocks.reshape(data.shape), kind)

    return edit


def setting(name: str, value: int) -> Edit:
    def edit(fields: Fields, _: Tensors) -> None:
        fields[name] = (value, GGUFValueType.UINT32, None)

    return edit


def in_type(kind: GGMLQuantizationType) -> Edit:
    """The same weights in a type that holds them."""

    def edit(_: Fields, tensors: Tensors) -> None:
        for name, (data, own) in tensors.items():
            if own == GGMLQuantizationType.Q4_1:
                tensors[name] = (quantize(dequantize(data, own), kind), kind)

    return edit


# Each fault in two ways.
FAULTS: list[tuple[str, Edit]] = [
    ("a wrong chat template", template(_PLAIN)),
    ("a wrong chat template", template(_LLAMA)),
    ("a wrong tokenizer", tokens_moved(1)),
    ("a wrong tokenizer", tokens_moved(100)),
    ("quantized too far", coarser(3)),
    ("quantized too far", coarser(4)),
    ("a corrupted tensor", corrupted("blk.3.ffn_down.weight", 1)),
    ("a corrupted tensor", corrupted("blk.12.attn_q.weight", 2)),
    ("wrong generation settings", setting("tokenizer.ggml.eos_token_id", 30)),
    ("wrong generation settings", setting("tokenizer.ggml.eos_token_id", 28)),
]
EQUAL: list[tuple[str, Edit]] = [
    ("saved again", saved_again),
    ("8 bits for the same weights", in_type(GGMLQuantizationType.Q8_0)),
    ("16 bits for the same weights", in_type(GGMLQuantizationType.F16)),
]
