"""
Missing values in columns of text: ONNX's texts cannot be null, so the graph has a special text for them, and the ONNX server puts it in (runtimes/onnx/session/missing-texts.ts).
A client may send that text too. The server then puts it in front once more, so that it stays an unknown text: therefore no model that has learned a text with it is converted.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from onnx import ModelProto, helper

from ..adapters.class_names import class_names_of
from ..adapters.columns import learned_of, parts_given
from ..values.tensors import Signature, is_missing

# A noncharacter of Unicode, which exchanged texts should not contain.
MISSING_TEXT = "\ufdd0"
_PROPERTY = "slipway.missing_texts"
_UNREAD = "slipway.unread_columns"
_CLASSES = "slipway.classes"


def with_missing_texts(model: ModelProto, native: Any) -> ModelProto:
    """Handles missing categories, which skl2onnx writes as the text "nan" or "None". Raises ValueError where such a text could also be a real one, or where a category has the graph's own text for it."""
    for part, _, _ in parts_given(native):
        for values in getattr(part, "categories_", ()):
            known = np.asarray(values).tolist()
            if any(isinstance(value, str) and MISSING_TEXT in value for value in known):
                raise ValueError("it has learned a text with U+FDD0, which stands for a missing value in a conversion")
            if any(map(is_missing, known)) and any(isinstance(value, str) for value in known):
                _mark(model, [str(value) for value in known], texts_of(known))
    return model


def texts_of(known: list[Any]) -> list[str]:
    """Learned categories as the graph's texts. Raises ValueError for others than texts, of which one may be missing."""
    texts = [MISSING_TEXT if is_missing(each) else each for each in known]
    if not all(isinstance(each, str) for each in texts) or texts.count(MISSING_TEXT) > 1:
        raise ValueError("it has categories that are texts and others that are not, for which there is no conversion")
    return texts


def told(model: ModelProto, native: Any, signature: Signature) -> ModelProto:
    """Records in the model's metadata which text stands for a missing one, in which columns an empty text is a separate category, and which columns the model does not read, and what its classes are called."""
    props = {}
    names = class_names_of(native)
    if names:
        props[_CLASSES] = json.dumps(names)
    unread = [spec.name for spec in signature.inputs if spec.is_unread]
    if unread:
        props[_UNREAD] = json.dumps(unread)
    if any(spec.datatype == "BYTES" for spec in signature.inputs):
        learned = learned_of(native)
        own = [spec.name for spec in signature.inputs if spec.name in learned and "" in learned[spec.name].tolist()]
        props[_PROPERTY] = json.dumps({"text": MISSING_TEXT, "emptyIsText": own})
    if props:
        helper.set_model_props(model, props)
    return model


def as_texts(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays as the converted model takes them."""
    return {name: _filled(array) if array.dtype.kind == "O" else array for name, array in arrays.items()}


def _filled(array: np.ndarray) -> np.ndarray:
    found = np.array([MISSING_TEXT if value is None else value for value in array.ravel().tolist()], dtype=object)
    return found.reshape(array.shape)


def _mark(model: ModelProto, written: list[str], texts: list[str]) -> None:
    lists = [each.strings for node in model.graph.node for each in node.attribute if len(each.strings) == len(texts)]
    decoded = [[text.decode() for text in each] for each in lists]
    found = [each for each, now in zip(lists, decoded) if now == written]
    if texts in decoded:
        return
    if not found or len(set(written)) < len(written):
        raise ValueError("it has learned missing values among texts, and its conversion cannot tell them apart")
    for each in found:
        each[texts.index(MISSING_TEXT)] = MISSING_TEXT.encode()
