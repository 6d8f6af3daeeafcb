"""Rows that a model is proven with, and compared on after a conversion: always the same ones for the same model."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from .adapters.estimator import parts_of
from .binary import Tail
from .config import Facts
from .infer_protocol import read_infer_request
from .invocations import read_invocation
from .model import Model
from .packing import DTYPES
from .refusal import Refusal
from .tensor_json import flat_json
from .tensors import Signature, TensorSpec, datatype_of
from .thresholds import thresholds_of

ROWS = 256
_WHOLE_ROWS = 16
_SEED = 20_261_125
# Where nothing is known of a feature.
_USUAL = np.array([-3.0, -1.0, -0.1, 0.0, 0.1, 1.0, 3.0, 10.0])


def golden_inputs(model: Model, facts: Facts) -> dict[str, np.ndarray] | None:
    """At least 200 rows, the artifact's own example first; None where the model takes no rows, or none can be made for it."""
    inputs = model.signature.inputs
    example = example_inputs(model, facts)
    if not inputs or model.is_code or not _are_rows(inputs):
        return example
    made = _made(model)
    if example is None:
        return made
    joined = {name: np.concatenate([example[name].reshape(-1, *made[name].shape[1:]), made[name]]) for name in made}
    return joined


def example_inputs(model: Model, facts: Facts) -> dict[str, np.ndarray] | None:
    """What the artifact itself gives as an example, where the signature has words for it."""
    if facts.example is None or not model.signature.inputs:
        return None
    body = json.loads(json.dumps(facts.example["body"]))
    try:
        if facts.example["protocol"] == "infer":
            return read_infer_request(body, Tail(None), model.signature).inputs
        return read_invocation(body, model.signature)
    except Refusal:
        return None


def rows_of(inputs: dict[str, np.ndarray], rows: slice) -> dict[str, np.ndarray]:
    return {name: array[rows] for name, array in inputs.items()}


def tensors_json(arrays: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    return [
        {"name": name, "shape": list(array.shape), "datatype": datatype_of(array), "data": json.loads(flat_json(array))}
        for name, array in arrays.items()
    ]


def tensors_of(tensors: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    """The reverse; null is NaN."""
    found = {}
    for tensor in tensors:
        dtype = DTYPES[tensor["datatype"]]
        data = [np.nan if value is None else value for value in tensor["data"]]
        array = np.empty(len(data), dtype)
        array[:] = data
        found[tensor["name"]] = array.reshape(tensor["shape"])
    return found


def _are_rows(inputs: tuple[TensorSpec, ...]) -> bool:
    if len(inputs) == 1:
        shape = inputs[0].shape
        return shape is not None and (len(shape) == 1 or (len(shape) == 2 and shape[1] > 0))
    return all(spec.shape is not None and (len(spec.shape) == 1 or spec.shape[1:] == (1,)) for spec in inputs)


def _made(model: Model) -> dict[str, np.ndarray]:
    dice = np.random.RandomState(_SEED)
    inputs = model.signature.inputs
    only = inputs[0].shape
    if len(inputs) == 1 and only is not None and len(only) == 2:
        made = {inputs[0].name: _matrix(model.native, only[1], dice).astype(DTYPES[inputs[0].datatype])}
    else:
        known = _column_values(model.native, [spec.name for spec in inputs])
        made = {spec.name: _column(spec, known.get(spec.name), dice) for spec in inputs}
    return _with_missing(made, dice) if _takes_missing(model.native) else made


def _takes_missing(native: Any) -> bool:
    """Boosted trees have a branch for a number that is missing, which a conversion may lose."""
    module = type(native).__module__
    return module.partition(".")[0] in ("xgboost", "lightgbm", "catboost") or "hist_gradient_boosting" in module


def _with_missing(made: dict[str, np.ndarray], dice: np.random.RandomState) -> dict[str, np.ndarray]:
    """One number in sixteen, but not in the first rows: one of them becomes an example, which JSON has to say."""
    for array in made.values():
        if array.dtype.kind == "f":
            rows = array[_WHOLE_ROWS:]
            rows[dice.randint(0, 16, rows.shape) == 0] = np.nan
    return made


def _matrix(native: Any, width: int, dice: np.random.RandomState) -> np.ndarray:
    """Of a pipeline the rows are made where its last step sees them, and taken back through those before it."""
    steps = [step for _, step in getattr(native, "steps", [])]
    before, last = steps[:-1], (steps[-1] if steps else native)
    before = [step for step in before if step not in (None, "passthrough")]
    if before and all(hasattr(step, "inverse_transform") for step in before):
        inner = int(getattr(last, "n_features_in_", width))
        rows = np.column_stack([_draw(values, dice) for values in thresholds_of(last, inner)])
        for step in reversed(before):
            rows = step.inverse_transform(rows)
        if rows.shape == (ROWS, width):
            return np.asarray(rows, dtype=np.float64)
    return np.column_stack([_draw(values, dice) for values in thresholds_of(before[0] if before else last, width)])


def _draw(known: np.ndarray, dice: np.random.RandomState) -> np.ndarray:
    """The values themselves, what lies between two of them and beyond the last, and each as a person would write it."""
    values = known if len(known) > 0 else _USUAL
    span = float(np.ptp(values)) or max(1.0, abs(float(values[0])))
    between = (values[:-1] + values[1:]) / 2
    beyond = np.array([values[0] - span / 4, values[-1] + span / 4])
    written = [float(f"{value:.4g}") for value in values]
    choices = np.concatenate([values, between, beyond, written])
    return choices[dice.randint(0, len(choices), ROWS)]


def _column_values(native: Any, names: list[str]) -> dict[str, Any]:
    """What each named column has learned: words of an encoder, or the range of what scales it."""
    known: dict[str, Any] = {}
    for part in parts_of(native) if hasattr(native, "fit") else []:
        for _, transformer, columns in getattr(part, "transformers_", []):
            if isinstance(transformer, str) or not all(isinstance(name, str) for name in columns):
                continue
            for inner in parts_of(transformer):
                learned = getattr(inner, "categories_", None) or thresholds_of(inner, len(columns))
                for name, values in zip(columns, learned):
                    if len(values) > 0 and name not in known:
                        known[name] = values
    own = thresholds_of(native, len(names)) if native is not None else []
    return {**{name: values for name, values in zip(names, own) if len(values) > 0}, **known}


def _column(spec: TensorSpec, known: Any, dice: np.random.RandomState) -> np.ndarray:
    dtype = DTYPES[spec.datatype]
    shape = (ROWS, *(spec.shape or ())[1:])
    if spec.datatype == "BYTES" or (known is not None and np.asarray(known).dtype.kind in "OU"):
        words = np.array([str(word) for word in (known if known is not None else ["", "a", "b"])], dtype=object)
        return words[dice.randint(0, len(words), ROWS)].reshape(shape)
    if spec.datatype == "BOOL":
        return dice.randint(0, 2, ROWS).astype(bool).reshape(shape)
    drawn = _draw(np.asarray(known, dtype=np.float64) if known is not None else np.array([]), dice)
    if dtype.kind in "iu":
        bounds = np.iinfo(dtype)
        drawn = np.clip(np.rint(drawn), max(bounds.min, -(2**53)), min(bounds.max, 2**53))
    return drawn.astype(dtype).reshape(shape)
