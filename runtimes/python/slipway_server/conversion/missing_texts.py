"""Missing values in columns of text: ONNX's texts cannot be null, so the graph has a text of its own for them, and the ONNX server puts it in (runtimes/onnx/session/missing-texts.ts)."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from onnx import ModelProto, helper

from ..adapters.columns import learned_of, parts_given
from ..values.tensors import Signature, is_missing

# A noncharacter of Unicode, which no text is to have that is exchanged.
MISSING_TEXT = "\ufdd0"
_PROPERTY = "slipway.missing_texts"


def with_missing_texts(model: ModelProto, native: Any) -> ModelProto:
    """The converter writes a missing category as the text "nan" or "None". Raises ValueError where it cannot be told from such a text."""
    for part, _, _ in parts_given(native):
        for values in getattr(part, "categories_", ()):
            _mark(model, [None if is_missing(value) else str(value) for value in np.asarray(values).tolist()], np.asarray(values))
    return model


def told(model: ModelProto, native: Any, signature: Signature) -> ModelProto:
    """Says in the model's metadata which text stands for a missing one, and in which columns an empty text is a category of its own."""
    if any(spec.datatype == "BYTES" for spec in signature.inputs):
        learned = learned_of(native)
        own = [spec.name for spec in signature.inputs if spec.name in learned and "" in learned[spec.name].tolist()]
        helper.set_model_props(model, {_PROPERTY: json.dumps({"text": MISSING_TEXT, "emptyIsText": own})})
    return model


def as_texts(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays as the converted model takes them."""
    return {name: _filled(array) if array.dtype.kind == "O" else array for name, array in arrays.items()}


def _filled(array: np.ndarray) -> np.ndarray:
    found = np.array([MISSING_TEXT if value is None else value for value in array.ravel().tolist()], dtype=object)
    return found.reshape(array.shape)


def _mark(model: ModelProto, known: list[str | None], values: np.ndarray) -> None:
    if values.dtype.kind != "O" or None not in known or not any(isinstance(value, str) for value in known):
        return
    written = [str(value) for value in values.tolist()]
    lists = [each.strings for node in model.graph.node for each in node.attribute if [text.decode() for text in each.strings] == written]
    if len(lists) == 0 or known.count(None) > 1 or len(set(written)) < len(written):
        raise ValueError("it has learned missing values among texts, and its conversion cannot tell them apart")
    for texts in lists:
        texts[known.index(None)] = MISSING_TEXT.encode()
