"""Tries whether a converted graph answers like its framework: on the golden rows, and on rows for which the same answer is hard."""

from __future__ import annotations

from contextlib import redirect_stderr
from io import StringIO
from typing import Any, Callable, NamedTuple

import numpy as np

from ..model import Model
from ..proof.batching import batching
from ..proof.golden import first_row, rows_of
from ..proof.hard_rows import Group, hard_rows
from ..proof.shares import ROWS, measured
from ..proof.timing import median_micros
from ..proof.unknowns import Place, infinite_places
from ..refusal import Refusal, message_of
from .compare import Scale, by_own_size, by_size, by_spread, difference


class Asked(NamedTuple):
    """
    A model, whose signature has its outputs; the golden rows, its answers to them, and the places in which it refuses a missing value, with a row that it refuses for that.
    `hard` are the hard rows with its answers, an extreme one by itself; None where it refuses them.
    """

    model: Model
    inputs: dict[str, np.ndarray]
    outputs: dict[str, np.ndarray]
    refused: list[tuple[Place, dict[str, np.ndarray] | None]]
    hard: list[tuple[Group, dict[str, np.ndarray] | None]]


def asked_of(model: Model, inputs: dict[str, np.ndarray], outputs: dict[str, np.ndarray], refused: list[Any]) -> Asked:
    """Gives the model the hard rows, and collects its answers."""
    groups = [each for group in hard_rows(model, inputs) for each in (_one_by_one(group) if group.is_extreme else [group])]
    return Asked(model, inputs, outputs, refused, [(group, _native(model, group.rows)) for group in groups])


def _one_by_one(group: Group) -> list[Group]:
    count = len(next(iter(group.rows.values())))
    return [group._replace(rows=rows_of(group.rows, slice(row, row + 1))) for row in range(count)]


def guarded_graph(made: Any, asked: Asked) -> Any:
    """A converter's graph, in the signature of the model, that refuses the same inputs as the framework."""
    from .graph import behind
    from .guard import guarded
    from .missing_texts import told

    usual = [asked.outputs, *(answers for group, answers in asked.hard if answers is not None and not group.is_extreme)]
    numbers = [spec.name for spec in asked.model.signature.outputs if all(_is_finite(answers[spec.name]) for answers in usual)]
    refused = [place for place, _ in asked.refused]
    graph = guarded(behind(made, asked.model.signature), refused, infinite_places(asked.model, asked.inputs, refused), are_finite=numbers)
    return told(graph, asked.model.native, asked.model.signature)


def _is_finite(array: np.ndarray) -> bool:
    return array.dtype.kind == "f" and bool(np.isfinite(array).all())


def tried(convert: Callable[[], Any], asked: Asked, out: str, tolerance: float, scale: Scale) -> dict[str, Any]:
    """The report of the trial: {converted, reason, rows, maxDifference, onnxMicros, measured, batching}. Writes the graph to `out` where it is converted."""
    try:
        content = convert().SerializeToString()
        session = _session(content, is_one_thread=scale is by_spread)
        found = _answers(session, asked.model, asked.inputs)
    except Exception as error:
        return {"converted": False, "reason": message_of(error)[:500]}
    largest, why = difference(asked.outputs, found, tolerance, scale)
    why = why or next((_answered(place) for place, row in asked.refused if row and not _refuses(session, asked.model, row)), None)
    if scale is not by_size:
        why = why or _hard(session, asked, tolerance)
    first = _taken(first_row(asked.model.signature.inputs, asked.inputs))
    rows = len(next(iter(asked.inputs.values())))
    together = {count: _taken(rows_of(asked.inputs, slice(0, count))) for count in ROWS if rows >= count}
    report: dict[str, Any] = {
        "converted": why is None,
        "reason": why,
        "rows": rows,
        "maxDifference": largest if np.isfinite(largest) else None,
        "onnxMicros": median_micros(lambda: session.run(None, first)),
    }
    if why is None:
        found_times = measured(lambda: session.run(None, first), {count: lambda some=some: session.run(None, some) for count, some in together.items()})
        report["measured"] = found_times
        report["batching"] = batching(lambda rows: _answers(session, asked.model, rows), asked.model.signature, asked.inputs, found_times)
        with open(out, "wb") as file:
            file.write(content)
    return report


def _session(content: bytes, *, is_one_thread: bool) -> Any:
    from onnxruntime import InferenceSession, SessionOptions, disable_telemetry_events

    disable_telemetry_events()
    options = SessionOptions()
    # The trial expects refusals, so they are not logged.
    options.log_severity_level = 4
    # Two threads add up the trees of a forest in another order, and its server has one.
    options.intra_op_num_threads = 1 if is_one_thread else 0
    return InferenceSession(content, options, providers=["CPUExecutionProvider"])


def _hard(session: Any, asked: Asked, tolerance: float) -> str | None:
    """The reason why the graph answers some hard rows differently from the framework; None where it does not."""
    least = _usual_spread(asked.outputs)
    for group, expected in asked.hard:
        why = _otherwise(session, asked.model, (group, expected), tolerance, least)
        if why:
            return f"{why} (rows {group.what})"
    return None


def _otherwise(session: Any, model: Model, asked: tuple[Group, dict[str, np.ndarray] | None], tolerance: float, least: float) -> str | None:
    """A conversion may refuse an extreme number, and a row that the framework refuses has to be refused."""
    group, expected = asked
    try:
        found = _answers(session, model, group.rows)
    except Exception as error:
        return None if group.is_extreme or expected is None else message_of(error)[:500]
    if not group.is_extreme:
        return None if expected is None else difference(expected, found, tolerance)[1]
    if expected is None:
        return "it answers what the framework refuses"
    return difference(expected, found, tolerance, lambda name, answers: np.maximum(by_own_size(name, answers), least))[1]


def _usual_spread(outputs: dict[str, np.ndarray]) -> float:
    numbers = [by_spread(name, array.astype(np.float64)) for name, array in outputs.items() if array.dtype.kind == "f" and array.size]
    return max((float(np.max(each)) for each in numbers), default=1.0)


def _native(model: Model, rows: dict[str, np.ndarray]) -> dict[str, np.ndarray] | None:
    try:
        with redirect_stderr(StringIO()):
            return model.predict({name: array.copy() for name, array in rows.items()})
    except Refusal:
        return None


def _taken(rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The rows as a converted graph takes them."""
    from .missing_texts import as_texts

    return as_texts(rows)


def _answers(session: Any, model: Model, rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    names = [spec.name for spec in model.signature.outputs]
    return {name: np.asarray(answer) for name, answer in zip(names, session.run(names, _taken(rows)))}


def _refuses(session: Any, model: Model, row: dict[str, np.ndarray]) -> bool:
    try:
        _answers(session, model, row)
        return False
    except Exception:
        return True


def _answered(place: Place) -> str:
    column = "" if place.index is None else f" in column {place.index}"
    return f"it answers what the framework refuses: a missing value or an unknown category{column} of {place.name}"
