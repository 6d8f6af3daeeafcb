"""A classifier of texts that whole numbers of eight bits cannot hold: `make_outliers.py FOLDER` writes it. Of each 32 weights that share a scale one is a thousand times as large as the others, which say which label it is."""

import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

TEXTS = ["once upon a time there was a little girl who lived in a small village", "the cat sat on the mat and the dog ran away from it"]
BLOCK, FAR = 32, 1000.0


def tokenizer():
    bare = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    bare.pre_tokenizer = pre_tokenizers.Whitespace()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    bare.train_from_iterator(TEXTS, trainers.WordPieceTrainer(vocab_size=200, special_tokens=special))
    named = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
    return PreTrainedTokenizerFast(tokenizer_object=bare, model_max_length=128, **named)


def network(words):
    sizes = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 128, "max_position_embeddings": 128}
    made = BertForSequenceClassification(BertConfig(vocab_size=words, num_labels=4, initializer_range=0.3, **sizes))
    with torch.no_grad():
        for layer in made.bert.encoder.layer:
            # What comes out of the first half is what goes into the second: there the outliers meet zeros.
            wide, narrow = layer.intermediate.dense, layer.output.dense
            wide.weight[::BLOCK] = 0
            wide.bias[::BLOCK] = -100
            narrow.weight[:, ::BLOCK] = FAR
    return made.eval()


def main(folder):
    torch.manual_seed(7)
    words = tokenizer()
    network(len(words)).save_pretrained(folder)
    words.save_pretrained(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
