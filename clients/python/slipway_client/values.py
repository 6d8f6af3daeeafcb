"""Python's values as requests: what a model's endpoint takes as JSON."""

from __future__ import annotations

import base64
import datetime
import math
from collections.abc import Mapping
from typing import Any

from .failure import Failure


def request_of(value: Any) -> Any:
    """The body of a request to `/invocations` for a table, an array, rows, or any JSON.

    A mapping with a key of the protocol, such as `dataframe_split`, stays as it is. Everything
    else becomes `inputs`; the rows of a table are mappings by its columns.
    """
    if isinstance(value, Mapping) and PROTOCOL_KEYS & value.keys():
        return json_of(value)
    return {"inputs": json_of(value)}


PROTOCOL_KEYS = {
    "dataframe_records",
    "dataframe_split",
    "inputs",
    "instances",
    "messages",
    "prompt",
}


def json_of(value: Any) -> Any:
    """The value as JSON has it: a table as its rows by column, NaN and a missing time as null,
    bytes as base64.

    Fails with `InputInvalid` for a value that JSON has no form for.
    """
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if _is_table(value):
        columns = [str(column) for column in value.columns]
        rows = value.rows() if _is_polars(value) else value.itertuples(index=False, name=None)
        return [dict(zip(columns, json_of(row))) for row in rows]
    if isinstance(value, float):
        if math.isinf(value):
            raise Failure("InputInvalid", "JSON has no infinite numbers", "Pass a finite one.")
        return None if math.isnan(value) else value
    if isinstance(value, Mapping):
        return {str(key): json_of(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [json_of(each) for each in value]
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if _is_missing(value):
        return None
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if hasattr(value, "detach"):
        return json_of(value.detach().cpu().tolist())
    if hasattr(value, "tolist"):
        return json_of(value.tolist())
    if hasattr(value, "toarray"):
        return json_of(value.toarray())
    raise Failure(
        "InputInvalid",
        f"a value of {type(value).__module__}.{type(value).__qualname__} has no form in JSON",
        "Pass numbers, texts, lists, dicts, arrays or a table.",
    )


def first_rows(value: Any, most: int) -> Any:
    """At most so many of the value's rows, for an example; the value itself if it has none."""
    if _is_table(value):
        return value.head(most)
    if isinstance(value, (Mapping, str, bytes)):
        return value
    try:
        return value[:most]
    except (TypeError, IndexError, KeyError):
        return value


def _is_table(value: Any) -> bool:
    return type(value).__name__ == "DataFrame" and hasattr(value, "columns")


def _is_polars(value: Any) -> bool:
    return type(value).__module__.startswith("polars.")


def _is_missing(value: Any) -> bool:
    """pandas' `NA` and `NaT`, without pandas."""
    return type(value).__name__ in {"NAType", "NaTType"}
