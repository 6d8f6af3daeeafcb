"""The rows that prove a model, and on which a conversion is compared."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from ..config import Facts
from ..model import Model
from ..protocols.binary import Tail
from ..protocols.infer_protocol import read_infer_request
from ..protocols.invocations import read_invocation
from ..refusal import Refusal
from ..values.packing import DTYPES
from ..values.tensor_json import flat_json
from ..values.tensors import TensorSpec, datatype_of
from .golden_rows import made_rows
from .golden_tensors import golden_tensors
from .unknowns import Place, row_with_unknowns, try_unknowns, with_unknowns


# Each one takes a value for every column.
_MOST_REFUSED = 64


def golden_inputs(model: Model, facts: Facts) -> tuple[dict[str, np.ndarray] | None, list[Place]]:
    """
    At least 200 rows, the artifact's own example first; None when the model takes no rows, or none can be made.
    They include missing values and unknown categories where the model answers them; also returns the places where it refuses them.
    """
    inputs = model.signature.inputs
    example = example_inputs(model, facts)
    if model.is_network:
        return golden_tensors(model) if example is None else example, []
    if not inputs or model.is_code or not _are_rows(inputs):
        return example, []
    made = made_rows(model)
    taken = try_unknowns(model, made)
    made = with_unknowns(made, taken.answered)
    if example is None:
        return made, taken.refused
    joined = {name: np.concatenate([example[name].reshape(-1, *made[name].shape[1:]), made[name]]) for name in made}
    return joined, taken.refused


def refused_json(rows: dict[str, np.ndarray], places: list[Place]) -> list[dict[str, Any]]:
    """The refused places as JSON; the first ones with a row that is refused only for that place."""
    return [
        {"name": place.name, "index": place.index, "isMissing": place.is_missing, "inputs": tensors_json(row_with_unknowns(rows, [place])) if at < _MOST_REFUSED else None}
        for at, place in enumerate(places)
    ]


def example_inputs(model: Model, facts: Facts) -> dict[str, np.ndarray] | None:
    """The artifact's own example, if the signature can express it."""
    if facts.example is None or not model.signature.inputs:
        return None
    body = json.loads(json.dumps(facts.example["body"]))
    try:
        if facts.example["protocol"] == "infer":
            return read_infer_request(body, Tail(None), model.signature).inputs
        return read_invocation(body, model.signature, {})
    except Refusal:
        return None


def first_row(specs: tuple[TensorSpec, ...], inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The first row, or all rows where an input takes a fixed number of them."""
    is_whole = any(spec.shape and spec.shape[0] > 1 for spec in specs) or not all(array.ndim for array in inputs.values())
    return inputs if is_whole else rows_of(inputs, slice(0, 1))


def rows_of(inputs: dict[str, np.ndarray], rows: slice) -> dict[str, np.ndarray]:
    return {name: array[rows] for name, array in inputs.items()}


def tensors_json(arrays: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    return [
        {"name": name, "shape": list(array.shape), "datatype": datatype_of(array), "data": json.loads(flat_json(array))}
        for name, array in arrays.items()
    ]


def tensors_of(tensors: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    """The inverse; null becomes NaN, and stays None among texts."""
    found = {}
    for tensor in tensors:
        dtype = DTYPES[tensor["datatype"]]
        missing = None if tensor["datatype"] == "BYTES" else np.nan
        data = [missing if value is None else value for value in tensor["data"]]
        array = np.empty(len(data), dtype)
        array[:] = data
        found[tensor["name"]] = array.reshape(tensor["shape"])
    return found


def _are_rows(inputs: tuple[TensorSpec, ...]) -> bool:
    if len(inputs) == 1:
        shape = inputs[0].shape
        return shape is not None and (len(shape) == 1 or (len(shape) == 2 and shape[1] > 0))
    return all(spec.shape is not None and (len(spec.shape) == 1 or spec.shape[1:] == (1,)) for spec in inputs)
