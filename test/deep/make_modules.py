"""Small models of sentence-transformers with modules beyond the pooling, made from configurations with a fixed seed and saved by that package itself: `make_modules.py FOLDER TEXTS` writes a folder for each, and answers.json, the vectors of TEXTS, a JSON list, by each."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import torch
import transformers as t
from make_families import DECODER, SIZE, WIDE, byte_pairs, pieces, unigrams, word_pieces
from sentence_transformers import SentenceTransformer
from model2vec import StaticModel
from sentence_transformers.sentence_transformer import modules as m

BERT = {"max_position_embeddings": 130, **SIZE, **WIDE}
WIDTH = SIZE["hidden_size"]


def transformer(out, name, network, words, **given):
    folder = out / f"{name}-network"
    network.eval().save_pretrained(folder)
    words.save_pretrained(folder)
    return m.Transformer(str(folder), max_seq_length=64, **given)


def bert(out, name):
    words = word_pieces()
    return transformer(out, name, t.BertModel(t.BertConfig(vocab_size=len(words), **BERT)), words)


def models(out):
    """Their names, modules, and how they are saved."""
    yield "labse", [bert(out, "labse"), m.Pooling(WIDTH, "cls"), m.Dense(WIDTH, WIDTH, activation_function=torch.nn.Tanh()), m.Normalize()], {"safe_serialization": False}
    residual = m.Dense(WIDTH, 24, bias=False, activation_function=torch.nn.GELU(), use_residual=True)
    yield "layers", [bert(out, "layers"), m.Pooling(WIDTH, "mean_sqrt_len_tokens"), m.LayerNorm(WIDTH), m.Dropout(0.2), residual], {}
    french = unigrams(t.XLMRobertaTokenizer)
    t5 = t.T5EncoderModel(t.T5Config(vocab_size=len(french), d_model=WIDTH, d_kv=8, d_ff=64, num_layers=2, num_heads=4, initializer_factor=4.0))
    yield "gtr", [transformer(out, "gtr", t5, french), m.Pooling(WIDTH, "mean"), m.Dense(WIDTH, 24, bias=False, activation_function=torch.nn.Identity()), m.Normalize()], {}
    gemma = pieces(t.GemmaTokenizer, ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"])
    gemma.model_max_length, gemma.chat_template = 128, None
    config = t.Gemma3TextConfig(vocab_size=len(gemma), head_dim=8, sliding_window=16, use_bidirectional_attention=True, bos_token_id=2, eos_token_id=1, pad_token_id=0, **DECODER, **WIDE)
    wide = [m.Dense(WIDTH, 48, bias=False, activation_function=torch.nn.Identity()), m.Dense(48, WIDTH, bias=False, activation_function=torch.nn.Identity())]
    yield "gemma", [transformer(out, "gemma", t.Gemma3TextModel(config), gemma), m.Pooling(WIDTH, "mean"), *wide, m.Normalize()], {}
    qwen = byte_pairs(t.Qwen2Tokenizer, ["<|endoftext|>"], model_max_length=128, padding_side="left", pad_token="<|endoftext|>", eos_token="<|endoftext|>")
    network = t.Qwen3Model(t.Qwen3Config(vocab_size=len(qwen), head_dim=8, eos_token_id=0, pad_token_id=0, **DECODER, **WIDE))
    yield "qwen", [transformer(out, "qwen", network, qwen), m.Pooling(WIDTH, "lasttoken"), m.Normalize()], {}
    yield "weighted", [bert(out, "weighted"), m.Pooling(WIDTH, "weightedmean"), m.Dense(WIDTH, 16, activation_function=torch.nn.ReLU())], {}
    yield "static", [m.StaticEmbedding(word_pieces().backend_tokenizer, embedding_dim=WIDTH), m.Normalize()], {}


def of_model2vec(words):
    """A table as model2vec saves it, with a weight for each token, some of which share a vector."""
    tokens = words.get_vocab_size()
    vectors = np.random.default_rng(7).normal(size=(tokens // 2, WIDTH)).astype(np.float32)
    mapping, weights = np.arange(tokens) // 2 % len(vectors), np.linspace(0.2, 1.8, tokens).astype(np.float32)
    return StaticModel(vectors, words, normalize=True, weights=weights, token_mapping=mapping, max_length=32, config={"model_type": "model2vec"})


GIVEN = {
    "gemma": {"prompts": {"query": "task: search result | query: ", "document": "title: none | text: "}, "default_prompt_name": "query", "truncate_dim": 20},
    "qwen": {"prompts": {"query": "Instruct: find it\nQuery:"}, "similarity_fn_name": "dot"},
}


def as_before(folder):
    """Turns the folder into the form of sentence-transformers before 5.3, with the network in a separate folder."""
    listed = json.loads((folder / "modules.json").read_text())
    for each in listed:
        each["type"] = f"sentence_transformers.models.{each['type'].split('.')[-1]}"
    listed[0]["path"] = "0_Transformer"
    (folder / "modules.json").write_text(json.dumps(listed))
    own = folder / "0_Transformer"
    own.mkdir()
    for name in ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"):
        shutil.move(folder / name, own / name)
    (folder / "sentence_bert_config.json").unlink()
    (own / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 64, "do_lower_case": False}))
    modes = {"cls_token": True, "mean_tokens": False, "max_tokens": False, "mean_sqrt_len_tokens": False}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"word_embedding_dimension": WIDTH, **{f"pooling_mode_{name}": value for name, value in modes.items()}}))


def main(out, texts):
    answers = {}
    torch.manual_seed(7)
    for name, modules, saving in models(out):
        SentenceTransformer(modules=modules, device="cpu", **GIVEN.get(name, {})).save(str(out / name), **saving)
        if name == "labse":
            as_before(out / name)
        answers[name] = SentenceTransformer(str(out / name), device="cpu", truncate_dim=GIVEN.get(name, {}).get("truncate_dim")).encode(texts).tolist()
    potion = of_model2vec(word_pieces().backend_tokenizer)
    for name in ("potion", "bare"):
        potion.save_pretrained(out / name)
    # The older form that model2vec saves for itself alone: it leaves out unknown tokens, and sentence-transformers does not.
    (out / "bare" / "modules.json").unlink()
    answers["potion"] = SentenceTransformer(str(out / "potion"), device="cpu").encode(texts).tolist()
    answers["bare"] = StaticModel.from_pretrained(out / "bare").encode(texts).astype(float).tolist()
    (out / "answers.json").write_text(json.dumps(answers))


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
