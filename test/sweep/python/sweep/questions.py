"""The rows that a model is asked: its own kind of rows, both sides of its thresholds, extremes, and missing values."""

from __future__ import annotations

from typing import Any, Callable, Iterator, NamedTuple

import numpy as np
import pandas as pd

EXTREMES = (1e39, -1e39, 3.4028236e38, 1e300, -1.7e308, 9007199254740993.0, 9e15, 4e17, 1e-45, 1e-310, -0.0, 16777217.0, 33554433.0)
WHOLE_EXTREMES = (2**53 + 1, -(2**53) - 1, 4 * 10**17 + 1, 2**63 - 1, -(2**63), 0, -1)
TEXT_EXTREMES = ("", "never seen", "ÜBER straße 🚀", "x" * 3000, "Arles ", "1", "True")
# How many rows a question has.
MOST_ROWS = 100
_PAIRS = 16

Asked = Callable[[Any], dict[str, Any]]


class Question(NamedTuple):
    """Rows with the framework's answers, or, where it refuses them, with its words."""

    what: str
    rows: Any
    answers: dict[str, Any] | None
    error: str | None


def questions_of(asked: Asked, unseen: Any, rng: np.random.Generator) -> Iterator[Question]:
    yield from _answered("own rows", unseen[:MOST_ROWS], asked)
    for what, rows in (
        ("thresholds", _decided(_thresholds(asked, unseen, rng), asked)),
        ("extremes", _extremes(unseen, rng)),
        ("missing", _missing(unseen, rng)),
    ):
        if rows is not None and len(rows) > 0:
            yield from _answered(what, rows[:MOST_ROWS], asked)


def _decided(rows: Any, asked: Asked) -> Any:
    """Leaves out rows that the framework itself answers differently alone than among others: between two classes of equal scores the last bit of a sum decides, which depends on how many rows are summed up."""
    if rows is None:
        return None
    together = asked(rows)
    alone = [asked(rows[at : at + 1]) for at in range(len(rows))]
    return take(rows, [at for at, answers in enumerate(alone) if all(_is_same(each[0], together[name][at]) for name, each in answers.items())])


def throws_dice(asked: Asked, rows: Any) -> bool:
    """Whether the framework answers the same rows otherwise when it is asked again."""
    try:
        first, again = asked(rows), asked(rows)
    except Exception:
        return False
    return not all(_is_same(answers, again[name]) for name, answers in first.items())


def _is_same(one: Any, other: Any) -> bool:
    one, other = np.asarray(one), np.asarray(other)
    return bool(np.array_equal(one, other)) if one.dtype.kind in "OUb" else bool(np.allclose(one, other, rtol=1e-9, atol=1e-12, equal_nan=True))


def _answered(what: str, rows: Any, asked: Asked) -> Iterator[Question]:
    """One question of all rows that the framework answers, and one for each row that it refuses."""
    try:
        yield Question(what, rows, asked(rows), None)
        return
    except Exception as error:
        whole = error
    good, refused = [], []
    for at in range(len(rows)):
        try:
            asked(rows[at : at + 1])
            good.append(at)
        except Exception as error:
            refused.append((at, error))
    if good:
        kept = take(rows, good)
        try:
            yield Question(what, kept, asked(kept), None)
        except Exception as error:
            yield Question(what, kept, None, str(error))
    elif not refused:
        yield Question(what, rows, None, str(whole))
    for at, error in refused[:3]:
        yield Question(f"{what}, one that is refused", rows[at : at + 1], None, str(error))


def take(rows: Any, at: list[int]) -> Any:
    return rows.iloc[at].reset_index(drop=True) if isinstance(rows, pd.DataFrame) else rows[at]


def _columns(rows: Any) -> list[Any]:
    if isinstance(rows, pd.DataFrame):
        return list(rows.columns)
    return list(range(rows.shape[1])) if rows.ndim == 2 else [None]


def _column(rows: Any, name: Any) -> Any:
    if isinstance(rows, pd.DataFrame):
        return rows[name]
    return rows if name is None else rows[:, name]


def _kind(column: Any) -> str:
    """`f`, `i`, `b`, `O` for texts, or `c` for categories."""
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return "c"
    return "O" if isinstance(dtype, pd.StringDtype) else dtype.kind


def _changed(rows: Any, base: list[int], name: Any, values: Any) -> Any:
    made = take(rows, base).copy()
    if isinstance(made, pd.DataFrame):
        made[name] = pd.Series(list(values), index=made.index).astype(rows[name].dtype)
    elif name is None:
        made[:] = values
    else:
        made[:, name] = values
    return made


def _together(parts: list[Any]) -> Any:
    if not parts:
        return None
    if isinstance(parts[0], pd.DataFrame):
        whole = pd.concat(parts, ignore_index=True)
        return whole.astype(parts[0].dtypes.to_dict())
    return np.concatenate(parts)


def _extremes(rows: Any, rng: np.random.Generator) -> Any:
    parts = []
    for name in _columns(rows):
        kind = _kind(_column(rows, name))
        values = {"f": EXTREMES, "i": WHOLE_EXTREMES, "O": TEXT_EXTREMES, "U": TEXT_EXTREMES}.get(kind)
        if values is not None:
            base = rng.integers(0, len(rows), len(values)).tolist()
            parts.append(_changed(rows, base, name, values))
    return _spread(_together(parts))


def _missing(rows: Any, rng: np.random.Generator) -> Any:
    parts = []
    for name in _columns(rows):
        kind = _kind(_column(rows, name))
        if kind in "fOc" and name is not None:
            parts.append(_changed(rows, rng.integers(0, len(rows), 6).tolist(), name, [np.nan] * 6))
    return _spread(_together(parts))


def _spread(rows: Any) -> Any:
    """At most as many rows as a question has, from the whole range."""
    if rows is None or len(rows) <= MOST_ROWS:
        return rows
    return take(rows, np.linspace(0, len(rows) - 1, MOST_ROWS).astype(int).tolist())


def _thresholds(asked: Asked, rows: Any, rng: np.random.Generator) -> Any:
    """Neighbouring doubles between which an answer jumps, found by halving the way between two values of one column, and a step beyond each."""
    found = []
    for name in _columns(rows):
        if _kind(_column(rows, name)) != "f":
            continue
        try:
            found.extend(_jumps(asked, rows, name, rng))
        except Exception:
            continue
    return _spread(_together(found))


def _jumps(asked: Asked, rows: Any, name: Any, rng: np.random.Generator) -> Iterator[Any]:
    values = np.asarray(_column(rows, name), float)
    present = np.flatnonzero(np.isfinite(values))
    base = rng.choice(present, _PAIRS).tolist()
    low = values[base]
    high = values[rng.choice(present, _PAIRS)]
    at = lambda column: _single(asked(_changed(rows, base, name, column)))
    below, above = at(low), at(high)
    scale = max(float(np.ptp(below)), 1e-12)
    while np.any(_steps_between(low, high) > 1):
        middle = _between(low, high)
        seen = at(middle)
        is_low = np.abs(seen - below) <= np.abs(seen - above)
        low, high = np.where(is_low, middle, low), np.where(is_low, high, middle)
        below, above = np.where(is_low, seen, below), np.where(is_low, above, seen)
    jump = (np.abs(below - above) > 1e-6 * scale) & (_steps_between(low, high) == 1)
    if not jump.any():
        return
    kept = np.flatnonzero(jump)[:6]
    for column in (low, high, np.nextafter(low, 2 * low - high), np.nextafter(high, 2 * high - low)):
        yield take(_changed(rows, base, name, column), kept.tolist())


def _single(answers: dict[str, Any]) -> np.ndarray:
    """One number for each row that changes where an answer does."""
    for name in ("probabilities", "score", "transformed", "prediction", "distances"):
        each = answers.get(name)
        if each is not None and each.dtype.kind in "fiub":
            flat = np.nan_to_num(each.reshape(len(each), -1).astype(float))
            return flat @ np.linspace(1, 2, flat.shape[1])
    raise TypeError("no numbers")


def _ordered(values: np.ndarray) -> np.ndarray:
    """Doubles as integers in the same order."""
    bits = np.ascontiguousarray(values, float).view(np.int64)
    return np.where(bits < 0, np.int64(-(2**63)) - bits, bits)


def _between(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    a, b = _ordered(low), _ordered(high)
    middle = (a >> 1) + (b >> 1) + (a & b & 1)
    return np.where(middle < 0, np.int64(-(2**63)) - middle, middle).view(np.float64)


def _steps_between(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    return np.abs(_ordered(high).astype(object) - _ordered(low).astype(object)).astype(float)
