"""Networks over texts that transformers itself runs: with the answers and parameters of its pipelines, like the ONNX server (runtimes/onnx/language)."""

from __future__ import annotations

import json
from typing import Any, Callable, Iterator

import numpy as np

from ..model import Model
from ..refusal import Refusal, message_of, show, show_keys
from ..serving.bodies import value_of
from ..serving.code_answers import json_content
from ..values.tensors import Signature, TensorSpec
from .questions import LONGEST, answered
from ..worded import worded

_KEYS = ["inputs", "parameters", "options"]
_PARAMETERS = {
    "text-classification": ["top_k", "function_to_apply", "candidate_labels", "hypothesis_template", "multi_label"],
    "token-classification": ["aggregation_strategy"],
    "question-answering": ["top_k", "max_answer_len"],
    "fill-mask": ["top_k"],
    "feature-extraction": [],
}
_CHOICES = {"function_to_apply": ("softmax", "sigmoid", "none"), "aggregation_strategy": ("simple", "none")}
_COUNTS = ("top_k", "max_answer_len")
_PAIRS = {"text-classification": ("text", "text_pair"), "question-answering": ("question", "context")}
_USUAL_MASKS = 5
_TEXTS_AT_ONCE = 32

Ask = Callable[[Any, "dict[str, Any]"], Any]


def encoder_model(encoder: Any, declared: Signature | None) -> Model:
    task = encoder.said.task
    inputs = declared.inputs if declared else (TensorSpec("text", "BYTES", (-1,)),)
    outputs = declared.outputs if declared else ()
    ask = _ASKED[task](encoder)

    def predict(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        columns = [[str(each) for each in arrays[spec.name].tolist()] for spec in inputs]
        if any(text == "" for column in columns for text in column):
            raise Refusal(400, "a text is empty; each takes at least a word")
        if task == "feature-extraction":
            return {"embedding": np.array(_vectors(encoder, columns[0]), np.float32)}
        items = columns[0] if len(columns) == 1 else [dict(zip(_PAIRS[task], row)) for row in zip(*columns)]
        return _as_tensors(task, [ask(item, {}) for item in items])

    def invoke(body: bytes, content_type: str, _accept: str) -> tuple[bytes, str]:
        """Answers like Hugging Face's inference API: a list for several inputs, a single answer for one, and for the label of one text still a list."""
        given, parameters = _request(value_of(body, content_type), task)
        items = given if isinstance(given, list) else [given]
        if not items:
            raise Refusal(400, "inputs is a list of 0; it takes one, or a list of them")
        found = [ask(_item(item, task), parameters) for item in items]
        if not isinstance(given, list):
            [found] = [found] if isinstance(found[0], dict) and "label" in found[0] else found
        return json_content(found)

    embed = (lambda texts: _embedded(encoder, texts)) if task == "feature-extraction" else None
    return Model(Signature(inputs, outputs), predict, native=encoder, is_network=True, invoke=invoke, embed=embed, rank=lambda query, texts, is_raw: _ranked(encoder, query, texts, is_raw))


def _request(asked: Any, task: str) -> tuple[Any, dict[str, Any]]:
    if not isinstance(asked, dict) or "inputs" not in asked:
        return asked, {}
    others = [name for name in asked if name not in _KEYS]
    if others:
        raise Refusal(400, worded("bodyTakesKeys", show_keys(others), show_keys(_KEYS)))
    parameters = asked.get("parameters", {})
    if not isinstance(parameters, dict):
        raise Refusal(400, worded("parametersTakeObject", show(parameters)))
    known = _PARAMETERS[task]
    unknown = [name for name in parameters if name not in known]
    if unknown:
        raise Refusal(400, worded("parametersTake", show_keys(unknown), show_keys(known) if known else 'none'))
    for name, value in parameters.items():
        if name in _CHOICES and value not in _CHOICES[name]:
            raise Refusal(400, worded("parameterTakes", name, show(value), ', '.join(_CHOICES[name])))
        is_all = name == "top_k" and value is None and task == "text-classification"
        if name in _COUNTS and not is_all and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            raise Refusal(400, worded("parameterFromOne", name, show(value)))
    return asked["inputs"], parameters


def _item(item: Any, task: str) -> Any:
    """A text, or an object with two texts that belong together where the task takes pairs."""
    names = _PAIRS.get(task, ())
    if isinstance(item, str) and item and task != "question-answering":
        return item
    if names and isinstance(item, dict) and list(item) and all(name in names and isinstance(text, str) and text for name, text in item.items()):
        if task == "text-classification" and list(item) == ["text"]:
            return item["text"]
        if set(item) == set(names):
            return item
    takes = worded("anObjectWith", ' and '.join(names)) if names else ""
    raise Refusal(400, f"inputs has {show(item)}; it takes {takes if task == 'question-answering' else f'a text, or {takes}' if names else 'texts'}")


def _labels(encoder: Any) -> Ask:
    given = {"function_to_apply": encoder.said.activation} if encoder.said.activation else {}
    run = _pipeline("text-classification", encoder, **given)
    chosen: list[Any] = []

    def ask(item: Any, parameters: dict[str, Any]) -> Any:
        if "candidate_labels" in parameters:
            text = _entailed(item, encoder)
            chosen[:] = chosen or [_pipeline("zero-shot-classification", encoder)]
            return _run(chosen[0], text, **parameters)
        found = _run(run, item, truncation=True, **{"top_k": 1, **parameters})
        return found if "top_k" in parameters else found[0]

    return ask


def _entailed(item: Any, encoder: Any) -> Any:
    config = encoder.network.config
    labels = list(config.id2label.values())
    # The pipeline decides by this field, and configurations may lack it.
    config.label2id = config.label2id or {label: at for at, label in config.id2label.items()}
    if not any(str(label).lower().startswith("entail") for label in labels):
        raise Refusal(400, worded("entailmentLabels", ', '.join(map(str, labels))))
    return item


def _entities(encoder: Any) -> Ask:
    run = _pipeline("token-classification", encoder, aggregation_strategy="simple")
    return lambda item, parameters: _run(run, item, **parameters)


def _masks(encoder: Any) -> Ask:
    run = _pipeline("fill-mask", encoder)
    return lambda item, parameters: _run(run, item, **{"top_k": _USUAL_MASKS, **parameters})


def _places(encoder: Any) -> Ask:
    def ask(item: Any, parameters: dict[str, Any]) -> Any:
        count = parameters.get("top_k", 1)
        found = answered(encoder, item["question"], item["context"], count, parameters.get("max_answer_len", LONGEST))
        return found[0] if count == 1 else found

    return ask


def _features(encoder: Any) -> Ask:
    """Each token's own vector, where no module of sentence-transformers makes one vector of them."""

    def ask(item: Any, _parameters: dict[str, Any]) -> Any:
        if encoder.said.pooling:
            return _vectors(encoder, [item])[0]
        [hidden] = encoder.answers(encoder.tokens([item]))
        return hidden.tolist()

    return ask


_ASKED: dict[str, Callable[[Any], Ask]] = {
    "text-classification": _labels,
    "token-classification": _entities,
    "question-answering": _places,
    "fill-mask": _masks,
    "feature-extraction": _features,
}


def _vectors(encoder: Any, texts: list[str]) -> list[Any]:
    return _embedded(encoder, texts)[0]


def _embedded(encoder: Any, texts: list[str]) -> tuple[list[Any], int]:
    """A vector of each text, and the number of their tokens together. It runs a few texts at once, because all are padded to the longest."""
    vectors: list[Any] = []
    count = 0
    for at in range(0, len(texts), _TEXTS_AT_ONCE):
        tokens = encoder.tokens(texts[at : at + _TEXTS_AT_ONCE])
        [answer] = encoder.answers(tokens)
        # sentence-transformers also cuts the vector at the end.
        vectors.extend(encoder.vectors(answer, tokens)[:, : encoder.said.dimensions].tolist())
        count += int(encoder.mask(tokens).sum())
    return vectors, count


def _ranked(encoder: Any, query: str, texts: list[str], is_raw: bool) -> tuple[list[float], int]:
    """The score of each text, by a network with one label, and the number of their tokens together, counting the query with each."""
    is_likely = not is_raw and (encoder.said.activation or _usual(encoder.network.config)) == "sigmoid"
    scores: list[float] = []
    count = 0
    for at in range(0, len(texts), _TEXTS_AT_ONCE):
        some = texts[at : at + _TEXTS_AT_ONCE]
        tokens = encoder.tokens([query] * len(some), some)
        [logits] = encoder.answers(tokens)
        found = logits[:, 0].double()
        scores.extend((found.sigmoid() if is_likely else found).tolist())
        count += int(encoder.mask(tokens).sum())
    return scores, count


def _usual(config: Any) -> str:
    """The function that transformers' pipeline applies to a single score."""
    return "none" if config.problem_type == "regression" else "sigmoid"


def _pipeline(task: str, encoder: Any, **given: Any) -> Any:
    from transformers import pipeline

    return pipeline(task, model=encoder.network, tokenizer=encoder.tokenizer, device=encoder.device, **given)


def _run(run: Any, item: Any, **given: Any) -> Any:
    from transformers.pipelines import PipelineException

    try:
        return _plain(run(item, **given))
    except (PipelineException, ValueError, RuntimeError, IndexError, TypeError) as error:
        raise Refusal(400, f"the model refused the texts: {message_of(error)}") from None


def _as_tensors(task: str, found: list[Any]) -> dict[str, np.ndarray]:
    """The entities found in texts differ in number, so each text's are one JSON text."""
    if task == "text-classification":
        return {"label": _texts(each["label"] for each in found), "score": np.array([each["score"] for each in found], np.float32)}
    return {"answer": _texts(json.dumps(each, ensure_ascii=False) for each in found)}


def _plain(value: Any) -> Any:
    """The value with numpy's numbers turned into Python's, which JSON can write."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value.item() if isinstance(value, np.generic) else value


def _texts(values: Iterator[str]) -> np.ndarray:
    listed = list(values)
    found = np.empty(len(listed), dtype=object)
    found[:] = listed
    return found
