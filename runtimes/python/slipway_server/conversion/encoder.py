"""An encoder of transformers as ONNX, proven on golden texts."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import numpy as np

from ..proof.shares import measured
from ..proof.timing import median_micros

_TOLERANCE = 1e-4
_LEAST_COSINE = 0.9999
# The outputs with a vector for each token, and for each text.
_VECTORS = ("last_hidden_state", "sentence_embedding")
_TAKEN = ("input_ids", "attention_mask", "token_type_ids")
# The answers of these architectures depend on padding, and the ONNX server does not pad: runtimes/onnx/language/folder.ts.
_UNPADDED = ("convbert", "fnet", "funnel")
# Fusing keeps the graph in memory four times; larger models spend their time in matrices alone.
_MOST_FUSED = 2**29
# One word, a sentence, and longer texts, in several scripts; asked together they are padded.
_TEXTS = (
    "Yes.",
    "Ada Lovelace wrote the first program in London.",
    "The delivery was late, the box was damaged, and nobody answered the phone: I shall never order here again!",
    "Where is the nearest station? It is 3.5 km from here, next to the café.",
    "今日は天気がいいですね。",
    "Der Zug nach Köln fährt heute erst um 17:45 Uhr ab.",
    "x = [1, 2, 3]; print(sum(x) / len(x))",
    "A sentence with many words that go on and on, " * 6,
)
# As long as most networks take; only this text shows differences at a distance.
_LONG = "A sentence with many words that go on and on, and some numbers from 1 to 9; " * 25


def converted_encoder(encoder: Any, out: str, is_fused: bool) -> dict[str, Any]:
    """{converted, reason, rows, maxDifference, onnxMicros}, as `convert` reports it. `is_fused`: by operators of ONNX Runtime's own, where these answer as transformers does too."""
    if in_blocks(encoder.network.config, encoder.said.max_tokens):
        return {"converted": False, "reason": "it reads long texts in blocks and short ones as a whole, and a graph does one of them", "rows": 0, "maxDifference": None, "onnxMicros": None}
    names = inputs_of(encoder)
    exported = _exported(encoder, names)
    fused = _fused(encoder, names, exported) if is_fused else None
    content, report = fused or (exported, _proven(encoder, names, exported))
    if report["converted"]:
        with open(out, "wb") as file:
            file.write(content)
    return report


def _fused(encoder: Any, names: list[str], content: bytes) -> tuple[bytes, dict[str, Any]] | None:
    """
    The graph with each attention and its surroundings fused into one operator: MiniLM takes a twentieth less CPU for a short text, and an eighth for a long one.
    Returns None where ONNX Runtime's optimizer does not know the network, or its fused graph answers differently.
    """
    if len(content) > _MOST_FUSED:
        return None
    from onnx import load_from_string
    from onnxscript import ir
    from onnxscript.rewriter.ort_fusions import optimize_for_ort

    try:
        made, counts = optimize_for_ort(ir.from_proto(load_from_string(content)))
        whole: bytes = ir.to_proto(made).SerializeToString()
        report = _proven(encoder, names, whole) if any(counts.values()) else None
    except Exception:
        return None
    if not report or not report["converted"]:
        return None
    return whole, {**report, "reason": f"{report['reason']}, by fused operators of ONNX Runtime's"}


def _proven(encoder: Any, names: list[str], content: bytes) -> dict[str, Any]:
    from onnxruntime import InferenceSession, disable_telemetry_events

    disable_telemetry_events()
    session = InferenceSession(content, providers=["CPUExecutionProvider"])
    largest, why = 0.0, None
    is_padded = encoder.network.config.model_type not in _UNPADDED
    alone = [[text] for text in _TEXTS[:2]]
    for texts in [*alone, *([list(_TEXTS[:3]), list(_TEXTS)] if is_padded else []), [_LONG]]:
        tokens = encoder.tokens(texts)
        given = fed(tokens, names)
        expected = [each.numpy() for each in encoder.answers(tokens)]
        found = session.run(list(encoder.outputs), given)
        for name, one, other in zip(encoder.outputs, expected, found):
            apart, reason = _apart(name, one, other, encoder.mask(tokens).numpy())
            largest, why = max(largest, apart), why or reason
    one = fed(encoder.tokens([_TEXTS[1]]), names)
    micros = median_micros(lambda: session.run(None, one))
    why = why or (_padded_apart(encoder) if is_padded else None)
    reason = why or f"it answers {len(_TEXTS)} golden texts as transformers does"
    return {"converted": why is None, "reason": reason, "rows": len(_TEXTS), "maxDifference": largest, "onnxMicros": micros, "measured": measured(lambda: session.run(None, one)) if why is None else None}


def _padded_apart(encoder: Any) -> str | None:
    """The reason why the ONNX server, which pads short texts beside longer ones, would answer them differently than alone, as transformers' pipelines do."""
    one, several = encoder.tokens([_TEXTS[0]]), encoder.tokens(list(_TEXTS[:3]))
    count = int(encoder.mask(one).sum())
    for name, alone, padded in zip(encoder.outputs, encoder.answers(one), encoder.answers(several)):
        beside = padded[:1, :count] if alone.shape[1:2] == (count,) else padded[:1]
        _, reason = _apart(name, alone.numpy(), beside.numpy(), encoder.mask(one).numpy())
        if reason:
            return f"a text that is padded beside longer ones is answered otherwise than alone: {reason}"
    return None


def in_blocks(config: Any, max_tokens: int | None) -> bool:
    """Whether this is one of BigBird's networks, and takes texts so long that it reads them in blocks."""
    if getattr(config, "attention_type", None) != "block_sparse":
        return False
    whole: int = (5 + 2 * config.num_random_blocks) * config.block_size
    return max_tokens is None or max_tokens > whole


def inputs_of(encoder: Any) -> list[str]:
    """The names of the tokenizer's outputs that the network takes: for pairs of texts the ONNX server would also pass which token belongs to which text."""
    taken = inspect.signature(encoder.network.forward).parameters
    return [name for name in _TAKEN if name in taken and name in encoder.tokenizer.model_input_names]


def fed(tokens: Any, names: list[str]) -> dict[str, np.ndarray]:
    return {name: tokens[name].numpy() for name in names}


def _exported(encoder: Any, names: list[str]) -> bytes:
    import torch

    class Named(torch.nn.Module):
        """Takes and returns tensors by position, which an exporter can follow."""

        def __init__(self) -> None:
            super().__init__()
            self.network, self.head = encoder.network, encoder.head

        def forward(self, *given: Any) -> Any:
            return encoder.forward(dict(zip(names, given)))

    warnings.simplefilter("ignore")
    tokens = encoder.tokens(list(_TEXTS[:2]))
    given = tuple(tokens[name] for name in names)
    usual = encoder.network.config._attn_implementation
    try:
        return _graph_of(Named().eval(), given, names, encoder.outputs)
    except Exception:
        if usual == "eager":
            raise
    # The exporter does not follow every mask that is made for attention as one operator of torch, T5's among them.
    encoder.network.set_attn_implementation("eager")
    try:
        return _graph_of(Named().eval(), given, names, encoder.outputs)
    finally:
        encoder.network.set_attn_implementation(usual)


def _graph_of(module: Any, given: tuple[Any, ...], names: list[str], outputs: tuple[str, ...]) -> bytes:
    import torch

    free = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    made = torch.onnx.export(
        module,
        given,
        dynamo=True,
        verbose=False,
        input_names=names,
        output_names=list(outputs),
        dynamic_shapes=(tuple(dict(free) for _ in names),),
    )
    content: bytes = made.model_proto.SerializeToString()
    return content


def _apart(name: str, expected: np.ndarray, found: np.ndarray, mask: np.ndarray) -> tuple[float, str | None]:
    """The largest difference, with scores as probabilities; and the reason why the answers do not agree."""
    if expected.shape != found.shape:
        return float("inf"), f"{name} has the shape {list(found.shape)} instead of {list(expected.shape)}"
    if name in _VECTORS:
        if expected.ndim == 3:
            expected, found = expected[mask > 0], found[mask > 0]
        cosine = _cosines(expected, found).min()
        apart = float(np.abs(expected - found).max())
        return apart, None if cosine >= _LEAST_COSINE else f"a vector has the cosine {cosine:.6f}; the limit is {_LEAST_COSINE}"
    if expected.shape[-1] == 1:
        # A single score has no argmax to compare, so compare the value, relative to its size when above 1.
        apart = float((np.abs(expected - found) / np.maximum(1, np.abs(expected))).max())
        return apart, None if apart <= _TOLERANCE else f"{name} differs by {apart:.2g} of its size; the limit is {_TOLERANCE:g}"
    by_token = expected.ndim == 3 or name.endswith("_logits")
    one, other = _likely(expected), _likely(found)
    if expected.ndim == 3:
        one, other = one[mask > 0], other[mask > 0]
    apart = float(np.abs(one - other).max())
    if not apart <= _TOLERANCE:
        return apart, f"{name} differs by {apart:.2g}; the limit is {_TOLERANCE:g}"
    clear = _margin(one) > _TOLERANCE
    if (one.argmax(-1) != other.argmax(-1))[clear].any():
        return apart, f"{name} has another likeliest {'token' if by_token else 'label'}"
    return apart, None


def _likely(scores: np.ndarray) -> np.ndarray:
    less = scores - scores.max(-1, keepdims=True)
    powers = np.exp(less)
    likely: np.ndarray = powers / powers.sum(-1, keepdims=True)
    return likely


def _margin(likely: np.ndarray) -> Any:
    if likely.shape[-1] < 2:
        return np.zeros(likely.shape[:-1])
    ordered = np.sort(likely, -1)
    return ordered[..., -1] - ordered[..., -2]


def _cosines(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1)
    cosines: np.ndarray = (one * other).sum(-1) / np.maximum(lengths, 1e-12)
    return cosines
