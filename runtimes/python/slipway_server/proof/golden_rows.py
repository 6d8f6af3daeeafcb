"""Makes rows from the values that the model has learned: deterministic for each model."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np

from ..adapters.columns import learned_by_place, learned_of, parts_given, whole_type
from ..model import Model
from ..values.packing import DTYPES
from ..values.tensors import TensorSpec
from .thresholds import thresholds_of

ROWS = 256
_SEED = 20_261_125
# Usual values, for a feature about which nothing is known.
_USUAL = np.array([-3.0, -1.0, -0.1, 0.0, 0.1, 1.0, 3.0, 10.0])
# Nobody writes numbers with more digits, except integers and integers and a half; rounding to fewer than 16 digits removes the error of arithmetic.
_MOST_DIGITS, _ROUND = 10, 15


def made_rows(model: Model) -> dict[str, np.ndarray]:
    """An array of 256 rows for each input."""
    dice = np.random.RandomState(_SEED)
    inputs = model.signature.inputs
    only = inputs[0].shape
    if len(inputs) == 1 and only is not None and len(only) == 2:
        return {inputs[0].name: _matrix(model.native, only[1], dice, DTYPES[inputs[0].datatype])}
    names = [spec.name for spec in inputs]
    limits, categories = _limits(model.native, names), _categories(model.native)
    return {spec.name: _column(spec, limits.get(spec.name), categories.get(spec.name), dice) for spec in inputs}


def _matrix(native: Any, width: int, dice: np.random.RandomState, dtype: Any) -> np.ndarray:
    """The rows for a pipeline are made for its last step, and transformed back through the steps before it."""
    steps = [step for _, step in getattr(native, "steps", [])]
    before, last = steps[:-1], (steps[-1] if steps else native)
    before = [step for step in before if step not in (None, "passthrough")]
    if before and all(hasattr(step, "inverse_transform") for step in before):
        rows = _through_inverses(before, last, width, dice)
        if rows is not None and rows.shape == (ROWS, width):
            return rows.astype(dtype)
    first = before[0] if before else last
    limits, learned = thresholds_of(first, width), _learned_numbers(native, width)
    columns = (_draw(limit, dice) if known is None else known[dice.randint(0, len(known), ROWS)] for limit, known in zip(limits, learned))
    return np.column_stack([column.astype(dtype) for column in columns])


def _learned_numbers(native: Any, width: int) -> list[np.ndarray | None]:
    """The numbers that an encoder has learned for each column: most encoders take no others."""
    numbers = [np.array([]) if values is None or values.dtype.kind not in "biuf" else values for values in learned_by_place(native, width)]
    return [known if len(known) > 0 else None for known in (values[values == values] for values in numbers)]


def _through_inverses(before: list[Any], last: Any, width: int, dice: np.random.RandomState) -> np.ndarray | None:
    inner = int(getattr(last, "n_features_in_", width))
    return through_inverses(before, np.column_stack([_draw(values, dice) for values in thresholds_of(last, inner)]))


def through_inverses(before: list[Any], rows: np.ndarray) -> np.ndarray | None:
    """The rows from which these steps make the given rows, as FP64; None where a step cannot be inverted for rows that it would not have made itself."""
    try:
        for step in reversed(before):
            rows = step.inverse_transform(rows)
        return np.asarray(rows, dtype=np.float64)
    except Exception:
        return None


def limits_of(model: Model) -> dict[tuple[str, int | None], np.ndarray]:
    """The values at which the model, or a first step of it, decides, for each column: a matrix's columns by their index, which is None for an input that is a column."""
    inputs = model.signature.inputs
    only = inputs[0].shape
    if len(inputs) == 1 and only is not None and len(only) == 2:
        steps = [step for _, step in getattr(model.native, "steps", []) if step not in (None, "passthrough")]
        found = thresholds_of(steps[0] if steps else model.native, only[1])
        return {(inputs[0].name, place): values for place, values in enumerate(found)}
    return {(name, None): values for name, values in _limits(model.native, [spec.name for spec in inputs]).items()}


def _draw(known: np.ndarray, dice: np.random.RandomState) -> np.ndarray:
    """Draws from the values, midpoints between neighbours, points beside each and beyond the ends, and each value rounded as a person would write it."""
    values = known if len(known) > 0 else _USUAL
    span = float(np.ptp(values)) or max(1.0, abs(float(values[0])))
    between = (values[:-1] + values[1:]) / 2
    beyond = np.array([values[0] - span / 4, values[-1] + span / 4])
    written = [float(f"{value:.4g}") for value in values]
    beside = [number for value in values for number in _beside(float(value))]
    choices = np.concatenate([values, between, beyond, written, beside])
    return choices[dice.randint(0, len(choices), ROWS)]


def _beside(value: float) -> list[float]:
    """The two numbers with one digit less on both sides of a split: single precision cannot distinguish times in seconds there."""
    written = Decimal(f"{value:.{_ROUND}g}").normalize()
    _, digits, exponent = written.as_tuple()
    if not isinstance(exponent, int) or (len(digits) > _MOST_DIGITS and exponent < -1):
        return []
    if exponent >= 0:
        return [float(written - 1), float(written + 1)]
    step = Decimal(10) ** (exponent + 1)
    below = written // step * step
    return [float(below), float(below + (step if value >= 0 else -step))]


def _limits(native: Any, names: list[str]) -> dict[str, np.ndarray]:
    """The splits or the range of each named column, from the model itself or else from its scaler."""
    known: dict[str, np.ndarray] = {}
    own = thresholds_of(native, len(names)) if native is not None else []
    for part, columns, _ in parts_given(native):
        learned = thresholds_of(part, len(columns)) if columns else []
        known.update((name, values) for name, values in zip(columns, learned) if len(values) > 0 and name not in known)
    return {**{name: values for name, values in zip(names, own) if len(values) > 0}, **known}


def _categories(native: Any) -> dict[str, np.ndarray]:
    """The categories that an encoder has learned for each named column: most encoders take no others."""
    learned = learned_of(native)
    said = {name: [value for value in values.tolist() if value is not None and value == value] for name, values in learned.items()}
    return {name: np.array(values, dtype=object) for name, values in said.items() if values}


def _column(spec: TensorSpec, limits: np.ndarray | None, categories: np.ndarray | None, dice: np.random.RandomState) -> np.ndarray:
    dtype = DTYPES[spec.datatype]
    shape = (ROWS, *(spec.shape or ())[1:])
    if spec.datatype == "BYTES":
        values = np.array([str(value) for value in (categories if categories is not None else ["", "a", "b"])], dtype=object)
        return values[dice.randint(0, len(values), ROWS)].reshape(shape)
    if spec.datatype == "BOOL":
        return dice.randint(0, 2, ROWS).astype(bool).reshape(shape)
    numbers = None if categories is None or any(isinstance(value, str) for value in categories) else categories
    drawn = numbers[dice.randint(0, len(numbers), ROWS)] if numbers is not None else _draw(limits if limits is not None else np.array([]), dice)
    if numbers is not None and whole_type(numbers):
        return drawn.astype(dtype).reshape(shape)
    drawn = drawn.astype(np.float64)
    if dtype.kind in "iu":
        bounds = np.iinfo(dtype)
        drawn = np.clip(np.rint(drawn), max(bounds.min, -(2**53)), min(bounds.max, 2**53))
    return drawn.astype(dtype).reshape(shape)
