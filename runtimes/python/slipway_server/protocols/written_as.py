"""Turns the requests of clients other than MLflow's into MLflow's scoring protocol."""

from __future__ import annotations

import re
from typing import Any, Callable

from ..refusal import Refusal
from ..values.tensors import Signature
from ..worded import worded

# The content type of JSON Lines, a value in each line, under the first of its names; no name is registered.
JSON_LINES = "application/x-ndjson"
_LINES = re.compile(r"application/(x-)?(ndjson|jsonl|jsonlines|json-lines)")
_CSV = ("application/csv", "text/x-csv")
_SPLIT = {"columns", "index", "data"}


def one_name_of(essence: str) -> str:
    """The content type; JSON Lines and CSV are given the single name that is used here."""
    if _LINES.fullmatch(essence):
        return JSON_LINES
    return "text/csv" if essence in _CSV else essence


def lines_of(body: bytes, parse: Callable[[bytes], Any]) -> list[Any]:
    """A list of the lines' values. Refuses with 400 and the line's number."""
    found = []
    for at, line in enumerate(body.split(b"\n")):
        if not line.strip():
            continue
        try:
            found.append(parse(line))
        except Refusal as refused:
            raise Refusal(400, worded("lineOfBody", at + 1, refused.message)) from None
    return found


def as_scored(body: Any, signature: Signature) -> Any:
    """
    TensorFlow Serving's `signature_name` and empty parameters are dropped, `columns` with `data`, as pandas writes a table by `orient="split"`,
    are a `dataframe_split`, and `schema` with `data`, as it does by `orient="table"`, are `dataframe_records`; Azure's `input_data` holds such a table,
    rows, or inputs by name: https://learn.microsoft.com/azure/machine-learning/how-to-deploy-mlflow-models. Anything else stays as it is.
    """
    if not isinstance(body, dict):
        return body
    own = {spec.name for spec in signature.inputs}
    kept = {name: value for name, value in body.items() if name in own or not _is_idle(name, value)}
    is_azures = kept.keys() == {"input_data"} and "input_data" not in own and isinstance(kept["input_data"], (list, dict))
    return _as_table(kept["input_data"] if is_azures else kept, own)


def _as_table(given: Any, own: set[str]) -> Any:
    if not isinstance(given, dict) or own & given.keys():
        return given
    if {"columns", "data"} <= given.keys() <= _SPLIT:
        return {"dataframe_split": given}
    if given.keys() == {"schema", "data"} and isinstance(given["schema"], dict) and isinstance(given["data"], list):
        return {"dataframe_records": _without_index(given["data"], given["schema"].get("primaryKey"), own)}
    return given


def _without_index(rows: list[Any], index: Any, own: set[str]) -> list[Any]:
    """pandas writes a table's index into each row, and its names into the schema."""
    left = [name for name in index if name not in own] if isinstance(index, list) else []
    return [{name: value for name, value in row.items() if name not in left} if isinstance(row, dict) else row for row in rows]


def _is_idle(name: str, value: Any) -> bool:
    if name == "signature_name":
        return isinstance(value, str)
    return name in ("parameters", "params") and (value is None or value == {})
