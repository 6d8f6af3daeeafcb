"""
Loads the model for a build, and describes it: `python -m slipway_server.describe`, with the server's MODEL_PATH and MODEL_FACTS.
Writes a line of JSON to stdout: {signature, takesColumns, rows, example, nativeMicros, measured, batching, importMs, loadMs, peakBytes, packages, uncompiled}.
"""

from __future__ import annotations

import time

_STARTED = time.perf_counter()

if __name__ == "__main__":
    from .walls import enter_or_end

    # Before any package is imported: packages start threads, which would stay outside the walls.
    enter_or_end()

import json  # noqa: E402
import os  # noqa: E402
import resource  # noqa: E402
import sys  # noqa: E402
from contextlib import redirect_stderr, suppress  # noqa: E402
from dataclasses import replace  # noqa: E402
from importlib.metadata import distributions  # noqa: E402
from io import StringIO  # noqa: E402
from typing import Any, Callable, NamedTuple  # noqa: E402

import numpy as np  # noqa: E402

from .adapters import adapter_of, load_model  # noqa: E402
from .compiled import uncompiled_to_serve  # noqa: E402
from .config import Facts, read_facts, required  # noqa: E402
from .language.template_bounds import try_out  # noqa: E402
from .model import Model, spec_like  # noqa: E402
from .proof.batching import batching  # noqa: E402
from .proof.example import first_example  # noqa: E402
from .proof.golden import first_row, golden_inputs, refused_json, rows_of, tensors_json  # noqa: E402
from .proof.language_golden import begin_conversation, language_example  # noqa: E402
from .proof.shares import ROWS, measured  # noqa: E402
from .proof.timing import median_micros, seconds  # noqa: E402
from .refusal import Refusal, where  # noqa: E402
from .serving.streams import values_of  # noqa: E402
from .stderr import say  # noqa: E402
from .values.packing import MOST_EXACT  # noqa: E402
from .values.tensors import Signature, TensorSpec  # noqa: E402

# A framework's answers differ slightly between processors.
_RTOL = 1e-4
_MOST_EXAMPLE_BYTES = 100_000
# The most numbers in the answers to all golden rows, which are kept as JSON.
_MOST_NUMBERS = 2_000_000
_LEAST_ROWS = 16


class Description(NamedTuple):
    """
    A model, and its description. `golden`, on which a conversion is compared, has the golden rows with the model's answers, and the rows that it refuses,
    as JSON: {inputs, outputs, refused}. None where nothing could be compared. `measure` says how long its answers take, where a request is known, and whether a run may have the rows of several: {measured, batching}, as `proof.shares.measured` and `proof.batching` have it.
    """

    model: Model
    told: dict[str, Any]
    golden: dict[str, Any] | None
    measure: Callable[[], dict[str, Any]]


def main() -> None:
    out = own_stdout()
    found = described()
    tell(out, {**found.told, **found.measure(), "uncompiled": uncompiled_to_serve()})
    out.close()


def described() -> Description:
    path, facts = required(os.environ, "MODEL_PATH"), read_facts(required(os.environ, "MODEL_FACTS"))
    if getattr(adapter_of(facts.format), "IS_TRIED_FIRST", False):
        try_out(path, lambda: load_model(path, facts), begin_conversation)
    imported = time.perf_counter()
    model = load_model(path, facts)
    first_seconds = time.perf_counter() - imported
    # A stage of the build, which src/domain/build/build-progress.ts reads; from here on nothing is loading any more: buildspecs/commands/model-python.mjs.
    say("progress: proving the model")
    # The second load has nothing left to import. User code may not tolerate a second run.
    # There is no room for two language models either.
    again_seconds = first_seconds if model.is_code or model.language else seconds(lambda: load_model(path, facts))
    answer, golden, measure = _described(model, facts)
    answer["importMs"] = round((imported - _STARTED + max(0.0, first_seconds - again_seconds)) * 1000, 1)
    answer["loadMs"] = round(again_seconds * 1000, 1)
    answer["peakBytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    answer["packages"] = sorted({f"{each.metadata['Name']}=={each.version}" for each in distributions()}, key=str.lower)
    return Description(model, answer, golden, measure)


def _described(model: Model, facts: Facts) -> tuple[dict[str, Any], dict[str, Any] | None, Callable[[], dict[str, Any]]]:
    if model.language:
        # One answer takes as long as it has words.
        return _result(model.signature, model, 0, _short(language_example(model.language)), None), None, dict
    if model.sample is not None:
        request = {"protocol": "invocations", "body": model.sample}
        return _result(model.signature, model, 0, _invoked(model, request), None), None, lambda: _measured_body(model, request)
    inputs, refused = golden_inputs(model, facts)
    if inputs and model.native is not None:
        inputs = _not_too_many(model, inputs)
    if inputs is not None:
        # A stage of the build; src/domain/build/build-progress.ts reads this line.
        say(f"progress: answering {_rows(inputs)} golden rows")
    answered = _answer(model, inputs) if inputs is not None else None
    if answered is None and inputs and model.native is not None:
        inputs = _answered_alone(model, inputs)
        answered = _answer(model, inputs) if inputs else None
    if answered is None:
        inputs, answered = first_example(model) or (None, None) if model.signature.inputs else (None, None)
        refused = []
    if inputs is None or answered is None:
        signature = facts.signature or model.signature
        example = _invoked(model, facts.example)
        return _result(signature if signature.inputs else None, model, 0, example, None), None, lambda: _measured_body(model, example and facts.example)
    outputs = tuple(spec_like(name, array) for name, array in answered.items())
    declared = _as_answered(facts.signature.outputs, outputs) if facts.signature and model.is_code else ()
    first = first_row(model.signature.inputs, inputs)
    rows, signature = _rows(inputs), Signature(model.signature.inputs, declared or outputs)
    together = {count: rows_of(inputs, slice(0, count)) for count in ROWS if rows >= count}

    def measure() -> dict[str, Any]:
        found = measured(lambda: model.predict(first), {count: lambda some=some: model.predict(some) for count, some in together.items()})
        return {"measured": found} if model.is_code else {"measured": found, "batching": batching(model.predict, signature, inputs, found)}

    if model.is_code:
        return _result(signature, model, rows, _example(model, first), None), None, measure
    golden = {"inputs": tensors_json(inputs), "outputs": tensors_json(answered), "refused": refused_json(inputs, refused)}
    return _result(signature, model, rows, _example(model, first), median_micros(lambda: model.predict(first))), golden, measure


def _as_answered(declared: tuple[TensorSpec, ...], outputs: tuple[TensorSpec, ...]) -> tuple[TensorSpec, ...]:
    """The signature's outputs, with the datatypes that the model answered with where those differ."""
    found = {spec.name: spec.datatype for spec in outputs}
    return tuple(replace(spec, datatype=found.get(spec.name, spec.datatype)) for spec in declared)


def _rows(inputs: dict[str, np.ndarray]) -> int:
    return min(len(array) if array.ndim else 1 for array in inputs.values())


def _not_too_many(model: Model, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Fewer rows where the answer to each has very many numbers, such as one for each word of a vocabulary."""
    first = _answer(model, first_row(model.signature.inputs, inputs)) if _rows(inputs) > 1 else None
    numbers = sum(array.size for array in (first or {}).values())
    return rows_of(inputs, slice(0, max(_LEAST_ROWS, _MOST_NUMBERS // numbers))) if numbers > 0 else inputs


def _answered_alone(model: Model, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray] | None:
    """The rows that the model does not refuse: one refused row fails the request that it is in. Returns None if it refuses each."""
    with redirect_stderr(StringIO()):
        taken = [row for row in range(_rows(inputs)) if _answer(model, rows_of(inputs, slice(row, row + 1)), is_said=False) is not None]
    return {name: array[taken] for name, array in inputs.items()} if taken else None


def _measured_body(model: Model, request: dict[str, Any] | None) -> dict[str, Any]:
    """The time of a request that is a body."""
    if request is None or model.invoke is None:
        return {}
    invoke, body = model.invoke, json.dumps(request["body"]).encode()

    def ask() -> None:
        content, _ = invoke(body, "application/json", "application/json")
        if not isinstance(content, bytes):
            b"".join(content)

    return {"measured": measured(ask)}


def _result(signature: Signature | None, model: Model, rows: int, example: Any, micros: float | None) -> dict[str, Any]:
    return {
        "signature": signature.json() if signature else None,
        "takesColumns": model.takes_columns,
        "rows": rows,
        "example": example,
        "nativeMicros": micros,
    }


def _answer(model: Model, inputs: dict[str, np.ndarray], is_said: bool = True) -> dict[str, np.ndarray] | None:
    try:
        return model.predict({name: array.copy() for name, array in inputs.items()})
    except Refusal as refused:
        if is_said:
            say(f"golden rows: {refused.message}")
        return None


def _example(model: Model, inputs: dict[str, np.ndarray]) -> dict[str, Any] | None:
    outputs = _answer(model, inputs)
    if outputs is None or not _is_same(outputs, _answer(model, inputs)):
        return None
    request = {"protocol": "infer", "body": {"inputs": [_exact(tensor) for tensor in tensors_json(inputs)]}}
    return _short({"request": request, "expect": {"outputs": tensors_json(outputs)}, "rtol": _RTOL})


def _is_same(outputs: dict[str, np.ndarray], again: dict[str, np.ndarray] | None) -> bool:
    """A model that answers at random has no answer with which a server could be compared."""
    if again is None or any(array.shape != again[name].shape for name, array in outputs.items()):
        return False
    return all(
        np.allclose(array, again[name], rtol=_RTOL, equal_nan=True) if array.dtype.kind == "f" else np.array_equal(array, again[name])
        for name, array in outputs.items()
    )


def _exact(tensor: dict[str, Any]) -> dict[str, Any]:
    """The tensor with its digits as texts where a reader of its JSON may round them."""
    data = [str(value) if isinstance(value, int) and abs(value) > MOST_EXACT else value for value in tensor["data"]]
    return {**tensor, "data": data}


def _invoked(model: Model, request: dict[str, Any] | None) -> dict[str, Any] | None:
    """A request, such as the artifact's own example, with the model's answer; for a model that takes bodies."""
    if request is None or model.invoke is None:
        return None
    body = json.dumps(request["body"]).encode()
    content, _ = model.invoke(body, "application/json", "application/json")
    whole = content if isinstance(content, bytes) else b"".join(content)
    try:
        return _short({"request": request, "expect": values_of(whole), "rtol": _RTOL})
    except ValueError:
        return None


def _short(example: dict[str, Any] | None) -> dict[str, Any] | None:
    return example if example and len(json.dumps(example)) <= _MOST_EXAMPLE_BYTES else None


def tell(out: Any, said: dict[str, Any]) -> None:
    out.write(json.dumps(said, ensure_ascii=False) + "\n")
    out.flush()


def own_stdout() -> Any:
    """Redirects the output of libraries to stderr, so that stdout has only the answer."""
    own = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return own


def ended_by(work: Callable[[], None]) -> None:
    """Ends the process at once, after a line where something went wrong: a framework's own end takes a quarter of a second, and nobody waits for the model's remaining code."""
    wrong: str | None = None
    try:
        work()
    except Refusal as refused:
        wrong = refused.message
    except (Exception, SystemExit) as error:
        # Code may end as a program does, mostly without a word.
        wrong = where(error)
    for stream in (sys.stdout, sys.stderr):
        # Flushes the model's output; its code may have replaced these streams by anything.
        with suppress(Exception):
            stream.flush()
    if wrong is not None:
        say(wrong)
    os._exit(0 if wrong is None else 1)


if __name__ == "__main__":
    ended_by(main)
