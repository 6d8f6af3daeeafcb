"""The reference answers of transformers on the CPU, for bench/gpu.ts. `make FOLDER` writes a small Llama of a fixed seed; `tokens FOLDER TEXT` prints the text's tokens;
`judge FOLDER` reads {prompt, tokens} on standard input, and prints at how many of these tokens it would have taken the same, and by how much it would have preferred another where not."""

import json
import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

TEXTS = ["once upon a time there was a little girl who lived in a small village", "the cat sat on the mat and the dog ran away from it"]
TEMPLATE = "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}assistant:"


def make(folder):
    bare = Tokenizer(models.BPE())
    bare.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bare.decoder = decoders.ByteLevel()
    special = ["<pad>", "</s>", "<unk>"]
    bare.train_from_iterator(TEXTS, trainers.BpeTrainer(vocab_size=400, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    words = PreTrainedTokenizerFast(tokenizer_object=bare, eos_token="</s>", pad_token="<pad>", unk_token="<unk>", chat_template=TEMPLATE)
    words.save_pretrained(folder)
    torch.manual_seed(7)
    # Heads of a width that GPUs' attention kernels take, and weights so wide that the likeliest token is far likelier than the next.
    sizes = {"hidden_size": 256, "intermediate_size": 512, "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2}
    config = LlamaConfig(vocab_size=len(words), max_position_embeddings=4096, bos_token_id=1, eos_token_id=1, initializer_range=0.2, **sizes)
    LlamaForCausalLM(config).eval().save_pretrained(folder)


def judge(folder):
    asked = json.load(sys.stdin)
    network = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    ids = torch.tensor([asked["prompt"] + asked["tokens"]])
    with torch.inference_mode():
        scores = network(ids).logits[0, len(asked["prompt"]) - 1 : -1]
    taken = torch.tensor(asked["tokens"])
    gaps = scores.max(dim=1).values - scores.gather(1, taken[:, None])[:, 0]
    print(json.dumps({"equal": int((gaps == 0).sum()), "of": len(taken), "largestGap": float(gaps.max())}))


if __name__ == "__main__":
    what, path, *text = sys.argv[1:]
    if what == "make":
        make(Path(path))
    elif what == "tokens":
        print(json.dumps(AutoTokenizer.from_pretrained(path)(text[0])["input_ids"]))
    else:
        judge(path)
