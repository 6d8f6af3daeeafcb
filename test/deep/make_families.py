"""Makes small networks of many families of transformers, from configurations with a fixed seed: `make_families.py FOLDER` writes a folder for each, and answers.json with the requests to each and transformers' answers."""

import json
import sys
from pathlib import Path

import sentencepiece
import torch
import transformers as t
from sentence_transformers import CrossEncoder
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

CORPUS = [
    "once upon a time there was a little girl who lived in a small village by the sea",
    "Ada Lovelace wrote the first program in London in 1843, and the cat sat on the mat.",
    "the delivery was late, the box was damaged! where is the nearest station?",
    "This example is about travel, politics or sports. Der Zug nach Köln fährt heute um 17:45 Uhr ab.",
]
TEXTS = ["the cat sat on the mat", "This film was wonderful, and the box was damaged!"]
NAMES = "Angela Merkel was born in Hamburg, and Ada Lovelace wrote the first program in London."
QUESTION = "what was the first program written in?"
LABELS = ["politics", "sports", "a film"]
TEMPLATE = "{{ bos_token }}{% for message in messages %}[{{ message['role'] }}] {{ message['content'] }}\n{% endfor %}[assistant] "
TOKENS = 16
PATHS = {"completions": "v1/completions", "chat": "v1/chat/completions"}

WIDE = {"initializer_range": 0.4}
SIZE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
DECODER = {**SIZE, "num_key_value_heads": 2, "max_position_embeddings": 128}
PAIR = {"d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4, "decoder_attention_heads": 4, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "max_position_embeddings": 128, "init_std": 0.4}
ROBERTA = {**SIZE, **WIDE, "max_position_embeddings": 130, "type_vocab_size": 1, "pad_token_id": 1}
ENTITIES = {"id2label": dict(enumerate(["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]))}
ENTAILMENT = {"id2label": dict(enumerate(["contradiction", "neutral", "entailment"])), "label2id": {"contradiction": 0, "neutral": 1, "entailment": 2}}


def word_pieces():
    bare = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    bare.normalizer, bare.pre_tokenizer = normalizers.BertNormalizer(lowercase=True), pre_tokenizers.BertPreTokenizer()
    bare.train_from_iterator(CORPUS, trainers.WordPieceTrainer(vocab_size=400, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]))
    return t.BertTokenizer(vocab=bare.get_vocab(), model_max_length=128)


def byte_pairs(kind, special, **more):
    bare = Tokenizer(models.BPE())
    bare.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bare.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=400, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    made = json.loads(bare.to_str())["model"]
    return kind(vocab=made["vocab"], merges=[tuple(each) for each in made["merges"]], **more)


def roberta(kind=t.RobertaTokenizer):
    return byte_pairs(kind, ["<s>", "<pad>", "</s>", "<unk>", "<mask>"], model_max_length=128)


def pieces(kind, special):
    bare = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>"))
    bare.pre_tokenizer = pre_tokenizers.Metaspace()
    bare.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=600, special_tokens=special + [f"<0x{at:02X}>" for at in range(256)]))
    made = json.loads(bare.to_str())["model"]
    words = kind(vocab=made["vocab"], merges=[tuple(each) for each in made["merges"]])
    words.chat_template = TEMPLATE
    return words


SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def unigrams(kind, special=SPECIAL, **more):
    bare = Tokenizer(models.Unigram())
    bare.normalizer, bare.pre_tokenizer = normalizers.NFKC(), pre_tokenizers.Metaspace()
    bare.train_from_iterator(CORPUS, trainers.UnigramTrainer(vocab_size=200, special_tokens=special, unk_token="<unk>"))
    return kind(vocab=[tuple(each) for each in json.loads(bare.to_str())["model"]["vocab"]], model_max_length=128, **more)


def marian(folder):
    """A tokenizer of two models of sentencepiece, which no tokenizer.json has."""
    folder.mkdir()
    corpus = folder / "corpus.txt"
    corpus.write_text("\n".join(CORPUS * 5))
    for side in ("source", "target"):
        sentencepiece.SentencePieceTrainer.train(input=str(corpus), model_prefix=str(folder / side), vocab_size=120, hard_vocab_limit=False, minloglevel=2)
        (folder / f"{side}.model").rename(folder / f"{side}.spm")
        (folder / f"{side}.vocab").unlink()
    corpus.unlink()
    model = sentencepiece.SentencePieceProcessor(model_file=str(folder / "source.spm"))
    words = dict.fromkeys(["</s>", "<unk>", *(model.id_to_piece(at) for at in range(model.get_piece_size())), "<pad>"])
    (folder / "vocab.json").write_text(json.dumps({word: at for at, word in enumerate(words)}))
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "MarianTokenizer", "source_lang": "en", "target_lang": "de"}))
    return t.AutoTokenizer.from_pretrained(folder)


def aside(kind, config):
    """A network whose random weights do not change those of networks made after it."""
    with torch.random.fork_rng():
        torch.manual_seed(7)
        return kind(config)


# The weights are in a file of torch, as all were before there were safetensors.
OF_BEFORE = ("electra", "opt")
# The tokenizer is only the lists of its tokens, as all were before there was a tokenizer.json.
LISTED = ("bert-listed", "roberta-listed")


def saved(network, folder):
    network.eval().save_pretrained(folder)
    if folder.name in OF_BEFORE:
        (folder / "model.safetensors").unlink()
        torch.save(network.state_dict(), folder / "pytorch_model.bin")


def as_lists(folder):
    model = json.loads((folder / "tokenizer.json").read_text())["model"]
    (folder / "tokenizer.json").unlink()
    if model["type"] == "WordPiece":
        (folder / "vocab.txt").write_text("\n".join(sorted(model["vocab"], key=model["vocab"].get)) + "\n")
    else:
        (folder / "vocab.json").write_text(json.dumps(model["vocab"]))
        (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(" ".join(each) + "\n" for each in model["merges"]))


def encoders():
    """The encoders: names, networks, tokenizers, and their requests: inputs, parameters, and how transformers answers."""
    words, bytes_ = word_pieces(), roberta()
    run = lambda task, **given: lambda folder, inputs, **more: t.pipeline(task, model=str(folder), device="cpu", **given)(inputs, **more)
    label = run("text-classification")
    pair = {"text": TEXTS[0], "text_pair": TEXTS[1]}
    yield "electra", t.ElectraForTokenClassification(t.ElectraConfig(vocab_size=len(words), embedding_size=16, **SIZE, **WIDE, **ENTITIES)), words, [
        (NAMES, {}, run("token-classification", aggregation_strategy="simple")),
        (NAMES, {"aggregation_strategy": "none"}, run("token-classification")),
    ]
    yield "bert-listed", aside(t.BertForSequenceClassification, t.BertConfig(vocab_size=len(words), max_position_embeddings=128, **SIZE, **WIDE, **ENTAILMENT)), words, [(TEXTS, {}, label), (pair, {}, lambda *given: [label(*given)])]
    yield "roberta-listed", aside(t.RobertaForSequenceClassification, t.RobertaConfig(vocab_size=len(bytes_), **ROBERTA, **ENTAILMENT)), bytes_, [(TEXTS, {}, label)]
    yield "roberta", t.RobertaForQuestionAnswering(t.RobertaConfig(vocab_size=len(bytes_), **ROBERTA)), bytes_, [({"question": QUESTION, "context": NAMES}, {}, answer_in)]
    french = unigrams(t.XLMRobertaTokenizer)
    yield "camembert", t.CamembertForMaskedLM(t.CamembertConfig(vocab_size=len(french), **ROBERTA)), french, [("the cat sat on the <mask>.", {"top_k": 3}, run("fill-mask"))]
    bart = roberta(t.BartTokenizer)
    yield "bart-entailment", t.BartForSequenceClassification(t.BartConfig(vocab_size=len(bart), **PAIR, **ENTAILMENT)), bart, [
        (TEXTS[1], {"candidate_labels": LABELS}, run("zero-shot-classification")),
        (TEXTS, {}, label),
    ]
    yield "longformer", t.LongformerForSequenceClassification(t.LongformerConfig(vocab_size=len(bytes_), attention_window=16, **{**ROBERTA, **ENTAILMENT})), bytes_, [
        (TEXTS, {}, label),
        (TEXTS[0], {"top_k": None}, label),
        (pair, {}, lambda *given: [label(*given)]),
        (TEXTS[1], {"candidate_labels": LABELS, "multi_label": True}, run("zero-shot-classification")),
    ]
    yield "t5-encoder", t.T5EncoderModel(t.T5Config(vocab_size=len(french), d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, initializer_factor=4.0)), french, [(TEXTS[0], {}, vectors)]
    # Texts have different lengths, which padding would change.
    yield "convbert", aside(t.ConvBertForSequenceClassification, t.ConvBertConfig(vocab_size=len(words), embedding_size=32, max_position_embeddings=128, **SIZE, **WIDE, **ENTAILMENT)), words, [(["the cat", *TEXTS, NAMES], {}, label)]
    pieced = unigrams(t.BigBirdTokenizer, ["<pad>", "</s>", "<s>", "<unk>", "[CLS]", "[SEP]", "[MASK]"])
    blocks = t.BigBirdConfig(vocab_size=len(pieced), max_position_embeddings=128, block_size=8, num_random_blocks=2, **SIZE, **WIDE, **ENTAILMENT)
    yield "big-bird", aside(t.BigBirdForSequenceClassification, blocks), pieced, [(text, {}, label) for text in (NAMES + NAMES, TEXTS[0], NAMES + NAMES)]


def answer_in(folder, asked):
    """The likeliest answer of all places in the context, in whole words: transformers no longer has a pipeline for it."""
    words, network = t.AutoTokenizer.from_pretrained(folder), t.AutoModelForQuestionAnswering.from_pretrained(folder)
    tokens = words(asked["question"], asked["context"], return_tensors="pt")
    with torch.inference_mode():
        said = network(**tokens)
    [encoding] = tokens.encodings
    counts = torch.tensor([at == 0 or each == 1 for at, each in enumerate(encoding.sequence_ids)])
    starts, ends = (each[0].masked_fill(~counts, -1e4).softmax(-1) for each in (said.start_logits, said.end_logits))
    found = {}
    for first, last in ((a, b) for a in range(len(starts)) for b in range(a, min(a + 15, len(ends)))):
        if encoding.sequence_ids[first] == encoding.sequence_ids[last] == 1:
            found[float(starts[first] * ends[last])] = [encoding.word_to_chars(encoding.word_ids[at], 1) for at in (first, last)]
    (start, _), (_, end) = found[max(found)]
    return {"start": start, "end": end, "answer": asked["context"][start:end]}


def vectors(folder, text):
    words, network = t.AutoTokenizer.from_pretrained(folder), t.T5EncoderModel.from_pretrained(folder)
    with torch.inference_mode():
        return network(**words([text], return_tensors="pt")).last_hidden_state.tolist()


def generators():
    bart = roberta(t.BartTokenizer)
    network = t.BartForConditionalGeneration(t.BartConfig(vocab_size=len(bart), **PAIR))
    # Most models that summarize or translate are saved this way.
    network.generation_config.num_beams = 4
    yield "bart", network, bart
    end = {"bos_token_id": 0, "eos_token_id": 0}
    neox = byte_pairs(t.GPTNeoXTokenizer, ["<|endoftext|>", "<|padding|>"])
    yield "gpt-neox", t.GPTNeoXForCausalLM(t.GPTNeoXConfig(vocab_size=len(neox), max_position_embeddings=128, **SIZE, **WIDE, **end)), neox
    opt = byte_pairs(t.GPT2Tokenizer, ["<s>", "<pad>", "</s>", "<unk>"], bos_token="</s>", eos_token="</s>", unk_token="</s>", pad_token="<pad>")
    yield "opt", t.OPTForCausalLM(t.OPTConfig(vocab_size=len(opt), hidden_size=32, num_hidden_layers=2, num_attention_heads=4, ffn_dim=64, word_embed_proj_dim=32, max_position_embeddings=128, init_std=0.4)), opt
    gemma = pieces(t.GemmaTokenizer, ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"])
    yield "gemma", t.Gemma3ForCausalLM(t.Gemma3TextConfig(vocab_size=len(gemma), head_dim=8, sliding_window=16, bos_token_id=2, eos_token_id=1, **DECODER, **WIDE)), gemma
    mistral = pieces(t.LlamaTokenizer, ["<unk>", "<s>", "</s>"])
    yield "mistral", t.MistralForCausalLM(t.MistralConfig(vocab_size=len(mistral), sliding_window=32, **DECODER, **WIDE)).to(torch.bfloat16), mistral
    # The model does not continue its golden text clearly.
    yield "mamba", aside(t.MambaForCausalLM, t.MambaConfig(vocab_size=len(neox), hidden_size=32, state_size=8, num_hidden_layers=2, initializer_range=0.4, pad_token_id=1, **end)), neox
    tidy = unigrams(t.T5Tokenizer, ["<pad>", "</s>", "<unk>"], clean_up_tokenization_spaces=True)
    pair = t.MT5Config(vocab_size=len(tidy), d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, initializer_factor=4.0, decoder_start_token_id=0, pad_token_id=0, eos_token_id=1)
    yield "mt5", aside(t.MT5ForConditionalGeneration, pair), tidy


def generated(folder, name, network, words):
    """The continuations of a text: by the model's own configuration, and by the likeliest tokens; and of a conversation where the model has a template."""
    prompt = "the delivery was late, "
    # Fewer digits soon make two tokens equally likely.
    tokens = 4 if network.dtype == torch.bfloat16 else TOKENS
    said = {"prompt": prompt, "max_tokens": tokens}
    asked = [("completions", said, {}), ("completions", {**said, "temperature": 0}, {"num_beams": 1, "do_sample": False})]
    if words.chat_template:
        messages = [{"role": "user", "content": "the cat"}]
        asked.append(("chat", {"messages": messages, "max_tokens": tokens, "temperature": 0}, {"num_beams": 1, "do_sample": False}))
    for kind, body, how in asked:
        read = words.apply_chat_template(body["messages"], return_tensors="pt", return_dict=True) if kind == "chat" else words(prompt, return_tensors="pt")
        ids = read["input_ids"]
        made = network.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=tokens, **how)[0]
        text = words.decode(made if network.config.is_encoder_decoder else made[ids.shape[1] :], skip_special_tokens=True)
        choice = {"message": {"content": text}} if kind == "chat" else {"text": text}
        yield {"path": PATHS[kind], "body": body, "answer": {"choices": [choice]}}


def reranker(out):
    """A reranker in the usual form, with a single label; returns the ranking of sentence-transformers with it."""
    words = roberta()
    aside(t.RobertaForSequenceClassification, t.RobertaConfig(vocab_size=len(words), num_labels=1, **ROBERTA)).eval().save_pretrained(out / "reranker")
    words.save_pretrained(out / "reranker")
    encoder, documents = CrossEncoder(str(out / "reranker"), device="cpu"), [*TEXTS, NAMES, NAMES * 8]
    found = encoder.rank(QUESTION, documents)
    raw = encoder.rank(QUESTION, documents, activation_fn=torch.nn.Identity())
    results = [{"index": each["corpus_id"], "relevance_score": each["score"]} for each in found]
    return [
        {"path": "v1/rerank", "body": {"query": QUESTION, "documents": documents}, "answer": {"results": results}},
        {"path": "v2/rerank", "body": {"query": QUESTION, "documents": documents, "top_n": 2, "return_documents": True}, "answer": {"results": [{**each, "document": {"text": documents[each["index"]]}} for each in results[:2]]}},
        {"path": "rerank", "body": {"query": QUESTION, "texts": documents, "raw_scores": True}, "answer": [{"index": each["corpus_id"], "score": each["score"]} for each in raw]},
    ]


def main(out):
    answers = {}
    torch.manual_seed(7)
    for name, network, words, asked in encoders():
        saved(network, out / name)
        words.save_pretrained(out / name)
        if name in LISTED:
            as_lists(out / name)
        answers[name] = [
            {"path": "invocations", "body": {"inputs": inputs, "parameters": parameters}, "answer": answer(out / name, inputs, **({} if "aggregation_strategy" in parameters else parameters))}
            for inputs, parameters, answer in asked
        ]
    answers["reranker"] = reranker(out)
    translating = marian(out / "marian")
    last = len(translating) - 1
    opus = t.MarianMTModel(t.MarianConfig(vocab_size=len(translating), pad_token_id=last, decoder_start_token_id=last, eos_token_id=0, forced_eos_token_id=0, **PAIR))
    opus.generation_config.num_beams = 4
    opus.generation_config.bad_words_ids = [[last]]
    for name, network, words in [*generators(), ("marian", opus, translating)]:
        saved(network, out / name)
        if name != "marian":
            words.save_pretrained(out / name)
        kind = t.AutoModelForSeq2SeqLM if network.config.is_encoder_decoder else t.AutoModelForCausalLM
        answers[name] = list(generated(out / name, name, kind.from_pretrained(out / name).eval(), words))
    (out / "answers.json").write_text(json.dumps(answers, default=lambda number: number.item()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
