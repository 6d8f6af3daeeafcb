"""The findings of llama.cpp's own package `gguf` in files: `python gguf_reader.py FILE...` writes a line of JSON for each, null where it refuses one."""

import json
import sys

from gguf import GGUFReader


def found(path):
    try:
        reader = GGUFReader(path)
    except Exception:
        return None
    text = lambda key: (field := reader.get_field(key)) and field.contents()
    architecture = text("general.architecture")
    return {
        "architecture": architecture,
        "name": text("general.name"),
        "contextLength": text(f"{architecture}.context_length"),
        "embeddingLength": text(f"{architecture}.embedding_length"),
        "blocks": text(f"{architecture}.block_count"),
        "vocabulary": len(reader.get_field("tokenizer.ggml.tokens").data),
        "hasChatTemplate": text("tokenizer.chat_template") is not None,
        "tensors": len(reader.tensors),
        "parameters": sum(int(tensor.n_elements) for tensor in reader.tensors),
        "weightBytes": sum(int(tensor.n_bytes) for tensor in reader.tensors),
    }


for path in sys.argv[1:]:
    print(json.dumps(found(path)))
