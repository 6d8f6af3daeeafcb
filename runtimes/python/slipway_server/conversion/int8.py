"""Quantizes the weights of an encoder to 8-bit integers, where its answers stay the same."""

from __future__ import annotations

import logging
import os
from typing import Any, Iterator

import numpy as np

from ..proof.shares import measured
from ..proof.timing import median_micros
from .encoder import fed, inputs_of
from .golden_texts import golden_texts

LEAST_COSINE = 0.99
LEAST_AGREEMENT = 0.99
# A usual number of texts in one request.
_BATCH = 8
# How far a score may be off, relative to its size when that is above 1.
_SCORE_APART = 0.05
# The quantized weights, and whether the table of words is one of them.
_WAYS = (("all weights", True), ("the matrices alone", False))
# How many weights share a scale. MiniLM's vectors are off by 0.008 at most with 128, and by 0.003 with 32, for 4 % more bytes.
_BLOCK = 32
# The accuracy level of MatMulNBits at which it computes in int8 too.
_COMPUTES_INT8 = 4


def quantized(encoder: Any, path: str) -> dict[str, Any]:
    """Replaces the ONNX at `path` where one in int8 answers as transformers does; {kept, reason}, and where it is kept {bytes, fullBytes, onnxMicros}."""
    golden = list(_answered(encoder))
    reasons = []
    for name, has_words in _WAYS:
        small = f"{path}.int8"
        _quantize(path, small, has_words)
        report = _tried(encoder, golden, small)
        if report["kept"]:
            sizes = {"bytes": os.path.getsize(small), "fullBytes": os.path.getsize(path)}
            os.replace(small, path)
            return {**report, **sizes, "reason": f"{report['reason']}; of {name}"}
        os.remove(small)
        reasons.append(f"of {name} {report['reason']}")
    return {"kept": False, "reason": "; ".join(reasons)}


def _quantize(path: str, out: str, has_words: bool) -> None:
    """Quantizes matrices by blocks along their rows, each with a scale, and the numbers they are multiplied by in the same way: one scale for all of these costs MiniLM's vectors a cosine of 0.02 and more."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    logging.disable(logging.WARNING)
    source = path
    if has_words:
        # The vectors of words are stored as whole numbers, and become floats as they are looked up.
        quantize_dynamic(path, out, op_types_to_quantize=["Gather"], weight_type=QuantType.QUInt8)
        source = out
    made = MatMulNBitsQuantizer(onnx.load(source), bits=8, block_size=_BLOCK, is_symmetric=True, accuracy_level=_COMPUTES_INT8, op_types_to_quantize=("MatMul",))
    made.process()
    made.model.save_model_to_file(out)


def _answered(encoder: Any) -> Iterator[tuple[Any, list[np.ndarray]]]:
    texts = golden_texts()
    if encoder.said.task == "fill-mask":
        texts = [_masked(text, encoder.tokenizer.mask_token) for text in texts]
    for at in range(0, len(texts), _BATCH):
        tokens = encoder.tokens(texts[at : at + _BATCH])
        yield tokens, [each.numpy() for each in encoder.answers(tokens)]


def _masked(text: str, mask: str) -> str:
    """The text with its middle word masked."""
    words = text.split()
    words[len(words) // 2] = mask
    return " ".join(words)


def _tried(encoder: Any, golden: list[tuple[Any, list[np.ndarray]]], path: str) -> dict[str, Any]:
    from onnxruntime import InferenceSession

    session = InferenceSession(path, providers=["CPUExecutionProvider"])
    names = inputs_of(encoder)
    found = [session.run(list(encoder.outputs), fed(tokens, names)) for tokens, _ in golden]
    kept, reason = judged(encoder, golden, found)
    one = fed(encoder.tokens([golden_texts()[-1]]), names)
    return {"kept": kept, "reason": reason, "onnxMicros": median_micros(lambda: session.run(None, one)), "measured": measured(lambda: session.run(None, one)) if kept else None}


def judged(encoder: Any, golden: list[tuple[Any, list[np.ndarray]]], found: list[list[np.ndarray]]) -> tuple[bool, str]:
    """Compares vectors by their least cosine, and all other answers by the share of equal labels."""
    count = sum(len(tokens["input_ids"]) for tokens, _ in golden)
    if encoder.said.task == "feature-extraction":
        least = min(_least_cosine(encoder, tokens, expected, answers) for (tokens, expected), answers in zip(golden, found))
        return least >= LEAST_COSINE, f"the least cosine of {count} golden texts' vectors is {least:.4f}; at least {LEAST_COSINE:g} is kept"
    same = np.concatenate([_same(encoder, tokens, expected, answers) for (tokens, expected), answers in zip(golden, found)])
    share = float(same.mean()) if len(same) else 0.0
    return share >= LEAST_AGREEMENT, f"{int(same.sum())} of {len(same)} answers to {count} golden texts are the same; at least {LEAST_AGREEMENT:.0%} are kept"


def _least_cosine(encoder: Any, tokens: Any, expected: list[np.ndarray], found: list[np.ndarray]) -> float:
    import torch

    one, other = (encoder.vectors(torch.from_numpy(each[0]), tokens) for each in (expected, found))
    return float(torch.nn.functional.cosine_similarity(one, other).min())


def _same(encoder: Any, tokens: Any, expected: list[np.ndarray], found: list[np.ndarray]) -> np.ndarray:
    """Whether each of the answers is the same: the label of a text, or each of its several labels; the label of a token; a start and an end."""
    if encoder.said.task == "text-classification":
        return _same_labels(encoder, expected[0], found[0])
    mask = tokens["attention_mask"].numpy() > 0
    if encoder.said.task == "question-answering":
        return np.concatenate([_likeliest(one, mask) == _likeliest(other, mask) for one, other in zip(expected, found)])
    if encoder.said.task == "fill-mask":
        mask = tokens["input_ids"].numpy() == encoder.tokenizer.mask_token_id
    same: np.ndarray = (expected[0].argmax(-1) == found[0].argmax(-1))[mask]
    return same


def _same_labels(encoder: Any, expected: np.ndarray, found: np.ndarray) -> np.ndarray:
    if expected.shape[-1] == 1:
        near: np.ndarray = np.abs(expected - found)[:, 0] <= _SCORE_APART * np.maximum(1, np.abs(expected[:, 0]))
        return near
    if encoder.network.config.problem_type == "multi_label_classification":
        return np.asarray((expected > 0) == (found > 0)).ravel()
    return np.asarray(expected.argmax(-1) == found.argmax(-1))


def _likeliest(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return np.asarray(np.where(mask, scores, -np.inf).argmax(-1))
