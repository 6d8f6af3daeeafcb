"""Proves whether a server may answer the rows of several requests in one run: whether that pays, and whether each row is answered as it is alone."""

from __future__ import annotations

from itertools import takewhile
from typing import Any, Callable

import numpy as np

from ..conversion.compare import difference
from ..refusal import message_of
from ..values.tensors import Signature, datatype_of
from .golden import rows_of

Arrays = dict[str, np.ndarray]
Ask = Callable[[Arrays], Arrays]

# Rows together have to take at most this part of the time of as many requests: less would not be worth the wait of the first one.
_MOST_PART = 0.5
# A request costs a server more than this besides the model: at 0.02 ms, as of a forest in ONNX, joining cost more than it saved (bench/batching.ts).
_LEAST_ROW_MS = 0.1
# The user who dropped the model waits for this.
_MOST_MS = 2_000.0
_LEAST_ROWS = 8


def batching(ask: Ask, signature: Signature, golden: Arrays, measured: dict[str, Any] | None) -> dict[str, Any]:
    """
    {rows, reason}: how many rows may be answered in one run, 1 where each request has to be answered alone. `golden` are rows that the model answers, and `measured` says how long 1, 8 and 64 of them take: `proof.shares.measured`.
    No run has more rows than the golden ones, whose memory is known.
    """
    if not signature.inputs or not all(spec.shape and spec.shape[0] == -1 for spec in signature.inputs):
        return _alone("its first dimension is not a number of rows")
    count = min(len(array) for array in golden.values())
    # Rows that are all alike would not show that one is answered by the others too. A single text or category has no tolist(), but an array with it has.
    different = len({repr([array[at : at + 1].tolist() for array in golden.values()]) for at in range(count)})
    if different < _LEAST_ROWS:
        return _alone(f"{different} different golden rows are too few to compare")
    # On a busy machine, the least time is nearest to that of the model itself.
    times = {run["rows"]: run["leastMs"] for run in (measured or {}).get("runs", []) if "leastMs" in run and run["vcpus"] == measured["runs"][0]["vcpus"]}
    parts = {rows: ms / (rows * times[1]) for rows, ms in times.items() if 1 < rows <= count and 1 in times}
    if times.get(1, _LEAST_ROW_MS) < _LEAST_ROW_MS:
        return _alone(f"a row alone takes {times[1]:g} ms, so little would be saved: the least is {_LEAST_ROW_MS:g} ms")
    # A few clients fill small runs alone: a size counts only if each smaller one pays too.
    paying = list(takewhile(lambda rows: parts[rows] <= _MOST_PART and 3 * rows * times[1] <= _MOST_MS, sorted(parts)))
    if not paying:
        took = ", ".join(f"{rows} rows in one run take {part:.2g} of the time of as many requests" for rows, part in parts.items())
        return _alone(took or "no run of several rows was measured")
    rows = max(paying)
    try:
        why, apart = _compared(ask, golden, rows)
    except Exception as error:
        why, apart = message_of(error)[:300], 0.0
    if why:
        return _alone(f"rows in one run are answered otherwise than alone: {why}")
    close = f", {apart:.1g} of their spread apart at most" if apart else ""
    return {"rows": rows, "reason": f"{rows} rows in one run take {parts[rows]:.2g} of the time of as many requests, and are answered as each alone{close}"}


def _alone(reason: str) -> dict[str, Any]:
    return {"rows": 1, "reason": reason}


def _compared(ask: Ask, golden: Arrays, count: int) -> tuple[str | None, float]:
    """Why rows in runs of 2, of 8 and of all are answered otherwise than one by one, None where they are not; and the largest difference of a number."""
    alone = _answers(ask, golden, count, 1)
    largest = 0.0
    for size in sorted({2, _LEAST_ROWS, count}):
        found = _answers(ask, golden, count, size)
        for name, expected in alone.items():
            if len(found[name]) != count or len(expected) != count:
                return f"{name} does not have a value for each row", largest
            if datatype_of(found[name]) != datatype_of(expected):
                return f"{name} is {datatype_of(found[name])} instead of {datatype_of(expected)}", largest
        apart, why = difference(alone, found)
        largest = max(largest, apart)
        if why:
            return why, largest
    return None, largest


def _answers(ask: Ask, golden: Arrays, count: int, size: int) -> Arrays:
    """The answers to so many rows, asked in runs of this size."""
    parts = [ask({name: array.copy() for name, array in rows_of(golden, slice(at, min(count, at + size))).items()}) for at in range(0, count, size)]
    return {name: np.concatenate([np.atleast_1d(part[name]) for part in parts]) for name in parts[0]}
