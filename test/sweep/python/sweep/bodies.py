"""The bodies in which a client can send rows: each with its path, its content type and its text."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any, Iterator, NamedTuple

import numpy as np
import pandas as pd

_JSON = "application/json"
# A CSV cannot say these: blanks around a text, and texts that stand for a missing value.
_UNSAYABLE = ("", "nan", "null", "none", "n/a", "na", "<na>", "#n/a", "-nan")


class Body(NamedTuple):
    shape: str
    path: str
    content_type: str
    text: str


def bodies_of(rows: Any, declared: dict[str, str]) -> Iterator[Body]:
    """`path` has MODEL in the place of the model's name; `declared` has the datatype of each input by its name."""
    names = [str(name) for name in rows.columns] if isinstance(rows, pd.DataFrame) else None
    values = values_of(rows)
    invocation = lambda shape, body: Body(shape, "invocations", _JSON, json.dumps(body))
    if names is None:
        yield invocation("instances", {"instances": values})
        yield invocation("inputs", {"inputs": values})
        if rows.ndim == 2:
            yield invocation("rows", values)
            yield invocation("dataframe_split", {"dataframe_split": {"data": values}})
    else:
        records = [dict(zip(names, row)) for row in values]
        yield invocation("instances", {"instances": records})
        yield invocation("records", {"dataframe_records": records})
        yield invocation("dataframe_split", {"dataframe_split": {"columns": names, "data": values}})
    cells = [value for row in values for value in row] if names is not None or rows.ndim == 2 else values
    # The Open Inference Protocol has no missing values.
    if None not in cells:
        yield Body("infer", "v2/models/MODEL/infer", _JSON, json.dumps({"inputs": _tensors(rows, values, names, declared)}))
    if cells is not values and all(map(_is_sayable, cells)):
        yield Body("csv", "invocations", "text/csv", _csv(names, values))


def values_of(rows: Any) -> list[Any]:
    """Rows in JSON's types: numbers, texts, and None for a missing value."""
    if isinstance(rows, pd.DataFrame):
        columns = [[_value(each) for each in rows[name].tolist()] for name in rows.columns]
        return [list(row) for row in zip(*columns)]
    if rows.ndim == 1:
        return [_value(each) for each in rows.tolist()]
    return [[_value(each) for each in row] for row in rows.tolist()]


def _value(value: Any) -> Any:
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    return value


def _tensors(rows: Any, values: list[Any], names: list[str] | None, declared: dict[str, str]) -> list[dict[str, Any]]:
    if names is None or list(declared) == ["input"]:
        flat = values if rows.ndim == 1 else [value for row in values for value in row]
        return [_tensor("input", list(rows.shape), flat, declared)]
    columns = [[row[at] for row in values] for at in range(len(names))]
    return [_tensor(name, [len(column)], column, declared) for name, column in zip(names, columns)]


def _tensor(name: str, shape: list[int], data: list[Any], declared: dict[str, str]) -> dict[str, Any]:
    """The value in the type that the model declares; whole numbers that doubles cannot represent are sent as INT64."""
    is_beyond = any(isinstance(value, int) and abs(value) > 2**53 for value in data)
    datatype = "INT64" if is_beyond else declared.get(name, "FP64")
    return {"name": name, "shape": shape, "datatype": datatype, "data": data}


def _is_sayable(value: Any) -> bool:
    return not isinstance(value, str) or (value.strip() == value and value.lower() not in _UNSAYABLE)


def _csv(names: list[str] | None, values: list[list[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if names is not None:
        writer.writerow(names)
    writer.writerows([["" if value is None else repr(value) if isinstance(value, float) else value for value in row] for row in values])
    return text.getvalue()


def shown(rows: Any, at: int) -> str:
    return json.dumps(values_of(rows)[at], ensure_ascii=False)[:300] if len(rows) > at else ""


def single(rows: Any, at: int) -> Any:
    return rows.iloc[at : at + 1].reset_index(drop=True) if isinstance(rows, pd.DataFrame) else np.asarray(rows[at : at + 1])
