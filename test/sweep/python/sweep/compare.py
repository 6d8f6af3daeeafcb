"""Whether a server's answer is the framework's."""

from __future__ import annotations

from typing import Any

import numpy as np

# The limit of a difference, as a part of the spread of the framework's answers.
TOLERANCE = 1e-6
_MAIN = ("label", "prediction", "transformed", "distances", "score")


def outputs_of(said: Any, expected: dict[str, np.ndarray]) -> dict[str, list[Any]]:
    """The outputs by name of an answer of any of the protocols; an answer without names is the framework's main one."""
    if isinstance(said, dict) and "outputs" in said:
        return {each["name"]: _nested(each["data"], each["shape"]) for each in said["outputs"]}
    predictions = said["predictions"]
    if isinstance(predictions, dict):
        return predictions
    if predictions and isinstance(predictions[0], dict):
        return {name: [row[name] for row in predictions] for name in predictions[0]}
    return {next(name for name in _MAIN if name in expected): predictions}


def _nested(data: list[Any], shape: list[int]) -> list[Any]:
    if len(shape) <= 1:
        return data
    width = len(data) // shape[0] if shape[0] else 0
    return [_nested(data[at * width : (at + 1) * width], shape[1:]) for at in range(shape[0])]


def spreads_of(expected: dict[str, np.ndarray]) -> dict[str, float]:
    """How far apart the answers to the model's own rows are, by output."""
    return {
        name: float(np.nanmax(values) - np.nanmin(values)) if values.size and np.isfinite(values).any() else 0.0
        for name, values in ((name, np.asarray(each, float)) for name, each in expected.items() if each.dtype.kind in "fiub")
    }


def wrong_rows(got: dict[str, list[Any]], expected: dict[str, np.ndarray], spreads: dict[str, float], is_own: bool) -> list[tuple[int, str]]:
    """The rows whose answers are not the framework's, each with both of them."""
    wrong: list[tuple[int, str]] = []
    if not any(name in _MAIN for name in got):
        return [(0, f"the outputs are {list(got)}")]
    for name, values in got.items():
        wanted = expected.get(name)
        if wanted is None:
            wrong.append((0, f"the framework has no output {name}"))
        elif len(values) != len(wanted):
            wrong.append((0, f"{name} has {len(values)} rows, the framework {len(wanted)}"))
        else:
            wrong.extend(_wrong_values(name, values, wanted, spreads.get(name, 0.0), is_own))
    return sorted(wrong)


def _wrong_values(name: str, values: list[Any], wanted: np.ndarray, spread: float, is_own: bool) -> list[tuple[int, str]]:
    is_number = wanted.dtype.kind == "f" and name != "label"
    found = []
    for at, (value, want) in enumerate(zip(values, wanted.tolist())):
        is_same = _is_near(value, want, spread, is_own) if is_number else _is_equal(value, want)
        if not is_same:
            found.append((at, f"{name} {_short(value)} for {_short(want)}"))
    return found


def _is_equal(value: Any, want: Any) -> bool:
    if isinstance(value, list) and isinstance(want, list):
        return len(value) == len(want) and all(map(_is_equal, value, want))
    return type(value) is type(want) and value == want if isinstance(want, (bool, str)) else value == want


def _is_near(value: Any, want: Any, spread: float, is_own: bool) -> bool:
    if isinstance(want, list):
        return isinstance(value, list) and len(value) == len(want) and all(_is_near(*each, spread, is_own) for each in zip(value, want))
    if not np.isfinite(want):
        return value is None
    if value is None or isinstance(value, (str, list)):
        return False
    size = abs(want)
    # Far from the model's own rows the tolerance is relative to the answer's size or the spread, whichever is larger; where all answers are equal there is no spread.
    return abs(value - want) <= TOLERANCE * (spread if is_own and spread > 0 else max(spread, size)) + 1e-300


def _short(value: Any) -> str:
    return repr(value)[:160]
