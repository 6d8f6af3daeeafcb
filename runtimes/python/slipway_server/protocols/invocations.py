from __future__ import annotations

import json
from typing import Any, Dict, Optional

import numpy as np

from ..refusal import Refusal, show, show_keys
from ..tables.rows import Takes, columns_by_name, names_in_table, row_by_position, take_columns, whole_of
from ..tables.table import (
    columns_of_csv,
    columns_of_records,
    columns_of_split,
    inputs_of_rows,
    no_rows,
    takes_columns,
)
from ..values.tensor_json import nested_json, rows_json
from ..values.tensors import Signature, TensorSpec, no_rows_shape, read_written_tensor, shape_of
from ..worded import worded

KEYS = ("inputs", "instances", "dataframe_split", "dataframe_records")
# The key that MLflow's clients may send beside another one. MLflow's server ignores the parameters that the model's signature does not declare.
_PARAMS = "params"
_TAKES = 'a list of rows, or an object with "inputs", "instances", "dataframe_split" or "dataframe_records"'

# Collects the names of columns that the model does not take; without it, such columns are refused.
Ignored = Optional[Dict[str, None]]


def read_invocation(body: Any, signature: Signature, ignored: Ignored) -> dict[str, np.ndarray]:
    """
    MLflow's scoring request: `inputs` is nested lists, or an object of them by input name; `instances` is a list of rows,
    each a value of the only input or an object by input name; `dataframe_split` and `dataframe_records` are tables.
    A bare list, or a bare object by input name, is read as `inputs`, and so is the bare value of a model that takes one in a row.
    Columns may also be given by position, a single row is a table of one, and unknown columns are ignored. Refuses with 400.
    """
    return _tensors(_named(body, Takes(signature.inputs, ignored)), signature)


def read_csv(text: str, signature: Signature, ignored: Ignored, header: str | None) -> dict[str, np.ndarray]:
    return _tensors(columns_of_csv(text, Takes(signature.inputs, ignored), header), signature)


def is_table(body: Any) -> bool:
    """Whether a request is a table, which is answered by row."""
    return isinstance(body, dict) and ("dataframe_split" in body or "dataframe_records" in body)


def response_by_row(outputs: dict[str, np.ndarray]) -> bytes:
    """`predictions` is the only output or, for several, an object per row by output name, as MLflow answers tables and KServe's V1 protocol everything."""
    if len(outputs) == 1 or len({array.shape[:1] for array in outputs.values()}) != 1:
        return invocation_response(outputs)
    if any(array.ndim == 0 for array in outputs.values()):
        return invocation_response(outputs)
    names = [json.dumps(name, ensure_ascii=False) for name in outputs]
    columns = [rows_json(array) for array in outputs.values()]
    rows = (",".join(f"{name}:{value}" for name, value in zip(names, row)) for row in zip(*columns))
    listed = ",".join(f"{{{row}}}" for row in rows)
    return f'{{"predictions":[{listed}]}}'.encode("utf-8", "replace")


def invocation_response(outputs: dict[str, np.ndarray]) -> bytes:
    """`predictions` is the only output, or an object of outputs by name."""
    if len(outputs) == 1:
        [only] = outputs.values()
        return f'{{"predictions":{nested_json(only)}}}'.encode("utf-8", "replace")
    named = ",".join(f"{json.dumps(name, ensure_ascii=False)}:{nested_json(array)}" for name, array in outputs.items())
    return f'{{"predictions":{{{named}}}}}'.encode("utf-8", "replace")


def without_params(body: Any) -> tuple[Any, dict[str, Any]]:
    """A body without the `params` that MLflow's clients send beside one of its keys, and the `params`, empty where there are none."""
    if not isinstance(body, dict) or not isinstance(body.get("params"), dict) or not any(key in body for key in KEYS):
        return body, {}
    return {key: value for key, value in body.items() if key != "params"}, body["params"]


def _tensors(named: dict[str, Any], signature: Signature) -> dict[str, np.ndarray]:
    def read(spec: TensorSpec, value: Any) -> np.ndarray:
        return read_written_tensor(spec, no_rows_shape(spec) if _is_no_rows(value, spec) else shape_of(value), value)

    # The required inputs are present by now; optional ones may be missing.
    return {spec.name: read(spec, named[spec.name]) for spec in signature.inputs if spec.name in named}


def _is_no_rows(value: Any, spec: TensorSpec) -> bool:
    """Whether the value is an empty list: it means no rows, each with the shape of the input."""
    return value == [] and bool(spec.shape) and spec.shape[0] == -1


def _named(body: Any, takes: Takes) -> dict[str, Any]:
    if isinstance(body, list) or _is_only_value(body, takes):
        return _whole(body, "the body", takes)
    keys = list(body) if isinstance(body, dict) else []
    shape = next((key for key in keys if key in KEYS), None)
    more = [key for key in keys if key != shape]
    if shape and all(name == _PARAMS and takes.ignored is not None for name in more):
        if takes.ignored is not None:
            takes.ignored.update(dict.fromkeys(more))
        _refuse_tensors(body[shape], takes)
        return _read(shape, body[shape], takes)
    saved = set(names_in_table(keys, takes))
    if any(spec.name in saved for spec in takes.inputs):
        return _whole(body, "the body", takes)
    records = _records_of_other_names(body, takes) if isinstance(body, dict) and not shape else None
    if records is not None:
        return columns_of_records(records, "the body", takes)
    if shape and not any(name in KEYS for name in more):
        raise Refusal(400, worded("bodyHasBeside", show_keys(more), shape))
    if isinstance(body, dict) and _is_other_of_pandas(body):
        orient = "table" if "schema" in body else "index"
        wrote = f'as pandas\' to_json() writes a table by orient="{orient}"; it takes those of orient="split" or "records"'
        raise Refusal(400, f"the body has {show_keys(keys)}, {wrote}")
    if isinstance(body, str) and body.lstrip()[:1] in ("[", "{"):
        raise Refusal(400, worded("jsonWithinText"))
    found = worded("anObjectWith", show_keys(keys)) if isinstance(body, dict) else show(body)
    raise Refusal(400, f"the body is {found}; it takes {_TAKES}")


def _is_only_value(body: Any, takes: Takes) -> bool:
    """Whether the body is the only value itself, for a model with one value in a row: `"text"` is the quickest to send by `curl -d`."""
    shapes = [spec.shape or () for spec in takes.inputs]
    is_column = len(shapes) == 1 and (len(shapes[0]) == 1 or shapes[0][1:] == (1,))
    return is_column and isinstance(body, (str, int, float))


def _is_other_of_pandas(body: dict[str, Any]) -> bool:
    if "schema" in body and "data" in body:
        return True
    return len(body) > 0 and all(index.isdigit() and isinstance(row, dict) for index, row in body.items())


def _refuse_tensors(value: Any, takes: Takes) -> None:
    """Refuses inputs of the other protocol, whose `inputs` are tensors that declare their type."""
    first = value[0] if isinstance(value, list) and value else None
    is_tensor = isinstance(first, dict) and {"datatype", "shape", "data"} <= first.keys()
    if is_tensor and all(spec.name != "datatype" for spec in takes.inputs):
        by = "inputs are tensors of the Open Inference Protocol, which are taken by /v2/models/NAME/infer"
        raise Refusal(400, f"{by}; here they are a list of rows")


def _read(key: str, value: Any, takes: Takes) -> dict[str, Any]:
    if key == "inputs":
        return _whole(value, key, takes)
    if key == "instances":
        return _instances(value, key, takes)
    return columns_of_split(value, takes) if key == "dataframe_split" else columns_of_records(value, key, takes)


def _whole(value: Any, label: str, takes: Takes) -> dict[str, Any]:
    """The values of all rows: by input name, of the only input, or a table with columns by position."""
    inputs = takes.inputs
    if isinstance(value, dict):
        records = _records_of_other_names(value, takes)
        if records is not None:
            return columns_of_records(records, label, takes)
        named = columns_by_name(value, label, takes)
        _refuse_by_index(named, label, takes)
        return {spec.name: whole_of(spec, named[spec.name]) for spec in inputs if spec.name in named}
    is_list = isinstance(value, list)
    if is_list and value and all(isinstance(each, dict) for each in value):
        return _instances(value, label, takes)
    if is_list and takes_columns(inputs):
        if not value:
            return no_rows(takes)
        if all(isinstance(each, list) for each in value):
            return inputs_of_rows(value, None, label, takes)
        if len(inputs) > 1:
            return inputs_of_rows([value], None, label, takes)
    if len(inputs) == 1:
        return {inputs[0].name: whole_of(inputs[0], value)}
    raise Refusal(400, worded("is", label, show(value), take_columns(takes)))


def _refuse_by_index(named: dict[str, Any], label: str, takes: Takes) -> None:
    """Refuses columns keyed by the row's index, as pandas writes a table by default: no server could know the order of the rows."""
    found = next((spec.name for spec in takes.inputs if isinstance(named.get(spec.name), dict)), None)
    if found is not None:
        ways = 'as pandas\' to_json() writes them; it takes those of to_json(orient="split") or "records"'
        raise Refusal(400, f"{label} has rows of {show(found)} by their index, {ways}")


def _instances(rows: Any, label: str, takes: Takes) -> dict[str, Any]:
    if not isinstance(rows, list):
        raise Refusal(400, worded("takesRows", label, show(rows)))
    if _is_table_of_other_names(rows, takes) or _may_lack_columns(rows, takes):
        return columns_of_records(rows, label, takes)
    table = [_row(row, f"{label}[{index}]", takes) for index, row in enumerate(rows)]
    return {spec.name: whole_of(spec, [row[spec.name] for row in table]) for spec in takes.inputs}


def _is_table_of_other_names(rows: list[Any], takes: Takes) -> bool:
    """A matrix has no column names, so a table's column names do not matter."""
    [only] = takes.inputs if len(takes.inputs) == 1 else [None]
    if only is None or only.shape is None or len(only.shape) != 2 or not rows:
        return False
    return all(isinstance(row, dict) and only.name not in row for row in rows)


def _records_of_other_names(value: dict[str, Any], takes: Takes) -> list[dict[str, Any]] | None:
    """A row, or whole columns, with as many names as the matrix has columns; None for anything else."""
    if not _is_table_of_other_names([value], takes) or len(value) != (takes.inputs[0].shape or ())[1]:
        return None
    if not any(isinstance(cells, (dict, list)) for cells in value.values()):
        return [value]
    if not all(isinstance(cells, list) for cells in value.values()) or len(set(map(len, value.values()))) != 1:
        return None
    return [dict(zip(value, cells)) for cells in zip(*value.values())]


def _may_lack_columns(rows: list[Any], takes: Takes) -> bool:
    return any(spec.is_optional for spec in takes.inputs) and all(isinstance(row, dict) for row in rows)


def _row(row: Any, label: str, takes: Takes) -> dict[str, Any]:
    if isinstance(row, dict):
        return columns_by_name(row, label, takes)
    if isinstance(row, list) and takes_columns(takes.inputs):
        return row_by_position(row, label, takes)
    if len(takes.inputs) == 1:
        return {takes.inputs[0].name: row}
    raise Refusal(400, worded("is", label, show(row), take_columns(takes)))
