"""Makes small networks of transformers, from configurations with a fixed seed: `make_networks.py FOLDER` writes a folder for each, and answers.json with the texts that transformers itself generates."""

import json
import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
    T5Config,
    T5ForConditionalGeneration,
)

OUT = Path(sys.argv[1])
TEXTS = ["once upon a time there was a little girl who lived in a small village", "the cat sat on the mat and the dog ran away from it"]
PROMPT = "once upon a time the cat"
TOKENS = 24
TEMPLATE = "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}assistant:"
# Wide weights: the likeliest token is likelier than the next by far.
WIDE = {"initializer_range": 0.5}
END = {"bos_token_id": 1, "eos_token_id": 1}


def tokenizer():
    bare = Tokenizer(models.BPE())
    bare.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bare.decoder = decoders.ByteLevel()
    special = ["<pad>", "</s>", "<unk>"]
    bare.train_from_iterator(TEXTS, trainers.BpeTrainer(vocab_size=400, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    return PreTrainedTokenizerFast(tokenizer_object=bare, eos_token="</s>", pad_token="<pad>", unk_token="<unk>")


def networks(words):
    llama = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2}
    room = {"vocab_size": words, "max_position_embeddings": 256}
    yield "gpt2", GPT2LMHeadModel(GPT2Config(vocab_size=words, n_positions=256, n_embd=32, n_layer=2, n_head=4, **END, **WIDE))
    yield "llama", LlamaForCausalLM(LlamaConfig(**room, **llama, **END, **WIDE))
    yield "qwen2", Qwen2ForCausalLM(Qwen2Config(**room, **llama, **END, **WIDE))
    yield "t5", T5ForConditionalGeneration(T5Config(vocab_size=words, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, decoder_start_token_id=0, pad_token_id=0, eos_token_id=1, initializer_factor=4.0))


def main():
    torch.manual_seed(7)
    answers = {}
    for name, network in networks(len(tokenizer())):
        folder = OUT / name
        network.eval().save_pretrained(folder)
        words = tokenizer()
        if name in ("llama", "qwen2"):
            words.chat_template = TEMPLATE
        words.save_pretrained(folder)
        kind = AutoModelForSeq2SeqLM if network.config.is_encoder_decoder else AutoModelForCausalLM
        answers[name] = {"prompt": PROMPT, "tokens": TOKENS, "text": generated(kind.from_pretrained(folder).eval(), words)}
    (OUT / "answers.json").write_text(json.dumps(answers))


def generated(network, words):
    ids = words(PROMPT, return_tensors="pt")["input_ids"]
    made = network.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=TOKENS, do_sample=False)[0]
    return words.decode(made if network.config.is_encoder_decoder else made[ids.shape[1] :], skip_special_tokens=True)


if __name__ == "__main__":
    main()
