"""A Llama of 13 million parameters, made from its configuration with a fixed seed: `make_decoder.py FOLDER`. PYTHONPATH names the folder of make_networks.py, whose tokenizer it has."""

import sys

import torch
from make_networks import tokenizer
from transformers import LlamaConfig, LlamaForCausalLM

SHAPE = {"hidden_size": 384, "intermediate_size": 1024, "num_hidden_layers": 8, "num_attention_heads": 6, "num_key_value_heads": 6}

torch.manual_seed(7)
words = tokenizer()
# It never ends by itself. Wide weights make the likeliest token far likelier than the next.
config = LlamaConfig(vocab_size=len(words), max_position_embeddings=512, **SHAPE, bos_token_id=None, eos_token_id=None, initializer_range=0.1)
LlamaForCausalLM(config).eval().save_pretrained(sys.argv[1])
words.save_pretrained(sys.argv[1])
