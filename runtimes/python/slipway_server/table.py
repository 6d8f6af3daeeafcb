"""Tables as MLflow's scoring requests and CSV bring them, into the inputs of a model."""

from __future__ import annotations

import csv
import io
import math
import re
from typing import Any

from .refusal import Refusal, show, show_keys, show_or_nothing
from .tensors import Signature, TensorSpec


_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|nan", re.IGNORECASE)


def columns_of_split(split: Any, signature: Signature) -> dict[str, Any]:
    """`dataframe_split`: {columns, data, index?}, rows in `data`."""
    if not isinstance(split, dict):
        raise Refusal(400, f"dataframe_split is {show(split)}; it takes an object with columns and data")
    names, rows = split.get("columns"), split.get("data")
    if not _is_list_of_rows(rows):
        raise Refusal(400, f"data of dataframe_split is {show_or_nothing(split, 'data')}; it takes a list of rows")
    if names is None:
        return inputs_of_rows(rows, None, "dataframe_split", signature)
    if not isinstance(names, list):
        raise Refusal(400, f"columns of dataframe_split is {show(names)}; it takes a list of names")
    return inputs_of_rows(rows, [str(name) for name in names], "dataframe_split", signature)


def columns_of_records(records: Any, signature: Signature) -> dict[str, Any]:
    """`dataframe_records`: a list of objects, all with the same columns."""
    if not isinstance(records, list) or not records or not all(isinstance(row, dict) for row in records):
        raise Refusal(400, f"dataframe_records is {show(records)}; it takes a list of objects")
    names = list(records[0])
    for index, row in enumerate(records):
        if row.keys() != records[0].keys():
            raise Refusal(400, f"dataframe_records[{index}] has {show_keys(list(row))}; the first has {show_keys(names)}")
    rows = [[row[name] for name in names] for row in records]
    return inputs_of_rows(rows, names, "dataframe_records", signature)


def columns_of_csv(text: str, signature: Signature) -> dict[str, Any]:
    """Lines of cells. The first line is the columns' names unless it is values: where columns are named it names them all, else it has a cell that is no number."""
    try:
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), strict=True) if line]
    except csv.Error as error:
        raise Refusal(400, f"the body is not CSV that can be read: {error}") from None
    if not lines:
        raise Refusal(400, "the body is CSV without a line")
    first = [cell.strip() for cell in lines[0]]
    has_names = set(first) == {spec.name for spec in signature.inputs}
    is_header = has_names or not all(_number_of(cell) is not None or cell == "" for cell in first)
    if takes_columns(signature) and any(spec.datatype == "BYTES" for spec in signature.inputs):
        is_header = has_names
    rows = lines[1:] if is_header else lines
    specs = _column_specs(signature, first if is_header else None, len(first), "the CSV")
    cells = [[_cell(cell.strip(), spec) for cell, spec in zip(row, specs)] + row[len(specs) :] for row in rows]
    return inputs_of_rows(cells, first if is_header else None, "the CSV", signature)


def inputs_of_rows(rows: list[list[Any]], names: list[str] | None, label: str, signature: Signature) -> dict[str, Any]:
    """A column for each input, by name, or the rows as the only input. Of a number null is NaN, and true is 1: frameworks make no difference."""
    width = len(names) if names is not None else len(rows[0]) if rows else 0
    specs = _column_specs(signature, names, width, label)
    for index, row in enumerate(rows):
        if len(row) != width:
            raise Refusal(400, f"{label} has {len(row)} values in row {index}; the others have {width}")
    filled = [[_plain(value, spec) for value, spec in zip(row, specs)] for row in rows]
    if not takes_columns(signature):
        return {signature.inputs[0].name: filled}
    return {spec.name: _shaped(spec, [row[index] for row in filled]) for index, spec in enumerate(specs)}


def _column_specs(signature: Signature, names: list[str] | None, width: int, label: str) -> list[TensorSpec]:
    inputs = signature.inputs
    if not takes_columns(signature):
        [only] = inputs if len(inputs) == 1 else [None]
        shape = only.shape if only else None
        if only is None or (shape is not None and len(shape) != 2):
            raise Refusal(400, f"{label} is a table; the model takes {show_keys([spec.name for spec in inputs])}, which is none")
        if shape is not None and shape[1] not in (-1, width):
            raise Refusal(400, f"{label} has {width} columns; the model takes {shape[1]}")
        return [only] * width
    known = {spec.name: spec for spec in inputs}
    found = names if names is not None else list(known)
    if set(found) == known.keys() and len(found) == len(inputs) == width:
        return [known[name] for name in found]
    has = f"has {show_keys(found)}" if names is not None else f"has {width} columns"
    raise Refusal(400, f"{label} {has}; it takes {show_keys(list(known))}")


def takes_table(signature: Signature) -> bool:
    """Whether a table can be the model's inputs: columns, or one matrix."""
    only = signature.inputs[0].shape if len(signature.inputs) == 1 else None
    return takes_columns(signature) or (only is not None and len(only) == 2)


def takes_columns(signature: Signature) -> bool:
    """Whether each input is one column of values; an only input of rows is a matrix, be it of one column."""
    shapes = [spec.shape for spec in signature.inputs]
    if len(shapes) == 1:
        return shapes[0] is not None and len(shapes[0]) == 1
    return all(shape is not None and (len(shape) == 1 or shape[1:] == (1,)) for shape in shapes)


def _shaped(spec: TensorSpec, column: list[Any]) -> list[Any]:
    return column if spec.shape is None or len(spec.shape) == 1 else [[value] for value in column]


def _is_list_of_rows(rows: Any) -> bool:
    return isinstance(rows, list) and all(isinstance(row, list) for row in rows)


def _is_float(spec: TensorSpec) -> bool:
    return spec.datatype.startswith("FP")


def _plain(value: Any, spec: TensorSpec) -> Any:
    if _is_float(spec):
        return math.nan if value is None else float(value) if isinstance(value, bool) else value
    return str(int(value)) if spec.is_category and isinstance(value, int) else value


def _number_of(cell: str) -> float | None:
    return float(cell) if _NUMBER.fullmatch(cell) else None


def _cell(cell: str, spec: TensorSpec) -> Any:
    if spec.datatype == "BYTES":
        return cell
    if spec.datatype == "BOOL":
        return {"true": True, "false": False, "1": True, "0": False}.get(cell.lower(), cell)
    if _is_float(spec):
        number = math.nan if cell == "" else _number_of(cell)
        return cell if number is None else number
    return int(cell) if re.fullmatch(r"[+-]?[0-9]{1,40}", cell) else cell
