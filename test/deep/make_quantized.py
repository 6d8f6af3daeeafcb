"""Makes two classifiers of texts, from configurations with a fixed seed: `make_quantized.py FOLDER TEXTS` writes `holds`, whose labels stay the same in int8, `breaks`, whose labels change, and answers.json with transformers' answers to TEXTS, a list in JSON."""

import json
import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import BertConfig, BertForSequenceClassification, BertTokenizer, pipeline

SIZE = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 128, "max_position_embeddings": 128}
LABELS = {"id2label": {at: f"kind {at}" for at in range(4)}, "label2id": {f"kind {at}": at for at in range(4)}}
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
# The number of weights in a block that share a scale.
BLOCK = 32


def tokenizer(texts):
    bare = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    bare.normalizer = normalizers.BertNormalizer(lowercase=True)
    bare.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    bare.train_from_iterator(texts, trainers.WordPieceTrainer(vocab_size=300, special_tokens=SPECIAL))
    return BertTokenizer(vocab=bare.get_vocab(), model_max_length=128)


def classifier(words, spread):
    torch.manual_seed(7)
    network = BertForSequenceClassification(BertConfig(vocab_size=words, initializer_range=spread, **SIZE, **LABELS)).eval()
    # Sure of its labels.
    network.classifier.weight.data *= 20
    return network


def broken(network):
    """A weight in each block that is thousands of times the others, for a value that is always 0: it changes no answer, and leaves the others of its block nothing of the scale."""
    for name, part in network.named_modules():
        if name.endswith("LayerNorm"):
            part.weight.data[::BLOCK] = 0
            part.bias.data[::BLOCK] = 0
        if isinstance(part, torch.nn.Linear) and part.in_features == SIZE["hidden_size"] and "attention.output" not in name:
            part.weight.data[:, ::BLOCK] = 20_000
    return network


def main(out, texts):
    words = tokenizer(texts)
    answers = {}
    for name, network in (("holds", classifier(len(words), 0.1)), ("breaks", broken(classifier(len(words), 0.4)))):
        network.save_pretrained(out / name)
        words.save_pretrained(out / name)
        answers[name] = pipeline("text-classification", model=str(out / name), device="cpu")(texts)
    (out / "answers.json").write_text(json.dumps(answers))


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
