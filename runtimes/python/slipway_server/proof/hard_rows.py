"""Makes rows that reveal a conversion that computes or decides differently from its framework, from the golden rows and the values that the model has learned."""

from __future__ import annotations

from typing import Any, Iterator, NamedTuple

import numpy as np

from ..model import Model
from ..refusal import Refusal
from .golden_rows import limits_of, through_inverses

_SEED = 20_261_130
_STEPS = (-2, -1, 0, 1, 2)
_MOST_ROWS = 256
# The search for rows with small answers: the number of ways outward, the places looked at on each, and the halvings.
_WAYS = 128
_FAR = 10 ** np.linspace(-2, 10, 49)
_HALVINGS = 60
# Whole numbers beyond which FP32 and FP64 have gaps, the end of FP32, and numbers of FP64 beyond it.
_EXTREMES = (1e-300, 1.0, 16_777_217.0, 9e15, 9.007199254740993e15, 1e17, 3.4e38, 3.5e38, 1e39, 1e100, 1e155, 1e300, 1.7e308)


class Group(NamedTuple):
    """Rows that are judged together, by the spread of their answers; `is_extreme` where each is far from the others, and judged by itself."""

    what: str
    rows: dict[str, np.ndarray]
    is_extreme: bool = False


def hard_rows(model: Model, golden: dict[str, np.ndarray]) -> Iterator[Group]:
    """`golden` are the golden rows. Yields nothing for a model without a number of FP64."""
    dice = np.random.RandomState(_SEED)
    numbers = {name: array for name, array in golden.items() if array.dtype == np.float64}
    if not numbers or any(array.ndim == 0 or len(array) == 0 for array in golden.values()):
        return
    yield Group("beside its thresholds", _beside(model, golden, dice))
    small = _small(model, golden, dice)
    if small is not None:
        yield Group("whose answers are small beside their terms", small)
    yield Group("of extremes", _extreme(golden, dice), is_extreme=True)


def _beside(model: Model, golden: dict[str, np.ndarray], dice: np.random.RandomState) -> dict[str, np.ndarray]:
    """Rows one or two steps of FP64, or of FP32, beside values at which the model decides, and beside the values that a preparation turns into these."""
    limits = limits_of(model)
    found = {name: array[:_MOST_ROWS].copy() for name, array in golden.items()}
    for name, array in found.items():
        if array.dtype != np.float64:
            continue
        for place in np.ndindex(array.shape):
            known = limits.get((name, place[1] if len(place) == 2 else None), ())
            value = known[dice.randint(len(known))] if len(known) > 0 and dice.rand() < 0.5 else array[place]
            array[place] = _stepped(float(value), int(dice.choice(_STEPS)), np.float32 if dice.rand() < 0.3 else np.float64)
    return found


def _stepped(value: float, steps: int, kind: Any) -> float:
    with np.errstate(over="ignore"):
        moved = kind(value)
    if not np.isfinite(moved):
        return value
    for _ in range(abs(steps)):
        moved = np.nextafter(moved, kind(np.copysign(np.inf, steps)))
    return float(moved) if np.isfinite(moved) else value


def _small(model: Model, golden: dict[str, np.ndarray], dice: np.random.RandomState) -> dict[str, np.ndarray] | None:
    """Rows for which a linear model's terms nearly add up to zero, or two of its classes have nearly the same score."""
    steps = [step for _, step in getattr(model.native, "steps", []) if step not in (None, "passthrough")]
    last = steps[-1] if steps else model.native
    coefficients = np.atleast_2d(np.asarray(getattr(last, "coef_", np.zeros((0, 0))), dtype=object))
    if coefficients.size == 0 or not all(isinstance(each, (float, np.floating)) for each in coefficients.flat):
        return None
    [(name, first), *others] = golden.items()
    rows = _solved(last, coefficients, dice) if first.ndim == 2 and not others else None
    if rows is not None and steps[:-1]:
        rows = through_inverses(steps[:-1], rows)
    return _searched(model, golden, dice) if rows is None else {name: rows}


def _solved(last: Any, coefficients: np.ndarray, dice: np.random.RandomState) -> np.ndarray:
    """Rows of numbers up to 1e8, as the linear model itself takes them."""
    weights, offsets = coefficients.astype(np.float64), np.resize(np.ravel(getattr(last, "intercept_", 0.0)), len(coefficients)).astype(np.float64)
    width = weights.shape[1]
    rows = dice.normal(0, 1, (_MOST_ROWS // 2, width)) * 10 ** dice.uniform(0, 8, (_MOST_ROWS // 2, 1))
    for row in rows:
        first, second = dice.randint(len(weights), size=2)
        between = weights[first] - weights[second] if first != second else weights[first]
        offset = offsets[first] - offsets[second] if first != second else offsets[first]
        column = int(np.argmax(np.abs(between)))
        if between[column] != 0:
            rest = between @ row - between[column] * row[column] + offset
            row[column] = dice.normal() - rest / between[column]
    return rows


def _searched(model: Model, golden: dict[str, np.ndarray], dice: np.random.RandomState) -> dict[str, np.ndarray] | None:
    """Rows for a step that cannot be inverted, such as products of columns: the point where the answer crosses a value while some nearly equal columns grow together. Returns None where it never crosses."""
    if not all(array.dtype == np.float64 for array in golden.values()):
        return None
    width = sum(array[0].size for array in golden.values())
    # Columns such as two times or two prices cancel each other out, so that the others decide.
    near = (1 + dice.normal(0, 1, (_WAYS, width)) * 10 ** dice.uniform(-10, 0, (_WAYS, 1))) * dice.choice([-1.0, 1.0], (_WAYS, 1))
    grows, others = dice.rand(_WAYS, width) < 0.6, dice.normal(0, 1, (_WAYS, width))
    rows_at = lambda far: np.where(grows, near * np.reshape(far, (-1, 1)), others)
    aimed = dice.normal(0, 0.5, _WAYS)
    above = np.array([_one_number(model, golden, rows_at(far)) > aimed for far in _FAR])
    crosses = above[1:] != above[:-1]
    # The last place, beyond which the answer only grows.
    last = len(crosses) - 1 - np.argmax(crosses[::-1], axis=0)
    low, high, below = _FAR[last], _FAR[last + 1], above[last, np.arange(_WAYS)]
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        is_low = (_one_number(model, golden, rows_at(middle)) > aimed) == below
        low, high = np.where(is_low, middle, low), np.where(is_low, high, middle)
    found = rows_at(low)[crosses.any(axis=0)]
    return _as_inputs(golden, found) if len(found) > 0 else None


def _one_number(model: Model, golden: dict[str, np.ndarray], rows: np.ndarray) -> np.ndarray:
    """The answer to each row as one number, which crosses zero where two classes are as probable; NaN where the model refuses them."""
    try:
        answers = [array for array in model.predict(_as_inputs(golden, rows)).values() if array.dtype.kind == "f"]
    except Refusal:
        return np.full(len(rows), np.nan)
    flat = answers[-1].reshape(len(rows), -1) if answers else np.full((len(rows), 1), np.nan)
    return flat[:, 0] if flat.shape[1] == 1 else flat[:, 0] - flat[:, 1]


def _as_inputs(golden: dict[str, np.ndarray], rows: np.ndarray) -> dict[str, np.ndarray]:
    places = np.cumsum([array[0].size for array in golden.values()])[:-1]
    return {name: part.reshape(len(rows), *array.shape[1:]) for (name, array), part in zip(golden.items(), np.split(rows, places, axis=1))}


def _extreme(golden: dict[str, np.ndarray], dice: np.random.RandomState) -> dict[str, np.ndarray]:
    """Golden rows, in each of which one number has one of the magnitudes."""
    sizes = [sign * size for size in _EXTREMES for sign in (1, -1) for _ in range(2)]
    count = len(next(iter(golden.values())))
    taken = dice.randint(0, count, len(sizes))
    found = {name: array[taken].copy() for name, array in golden.items()}
    columns = [(name, place) for name, array in found.items() if array.dtype == np.float64 for place in range(array[0].size)]
    for row, size in enumerate(sizes):
        name, place = columns[dice.randint(len(columns))]
        found[name].reshape(len(sizes), -1)[row, place] = size
    return found

