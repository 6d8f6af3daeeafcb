"""Turns tables in MLflow's scoring requests and CSV into a model's inputs."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

from ..refusal import Refusal, is_wrongly, show, show_keys
from ..values.tensors import TensorSpec, is_float, number_of
from .rows import Takes, names_as_saved, names_in_table, pass_over, required_of, row_by_position, whole_of
from ..worded import worded


def columns_of_split(split: Any, takes: Takes) -> dict[str, Any]:
    """`dataframe_split`: {columns, data, index?}, rows in `data`."""
    if not isinstance(split, dict):
        raise Refusal(400, worded("splitTakes", show(split)))
    names, rows = split.get("columns"), split.get("data")
    if not _is_list_of_rows(rows):
        raise Refusal(400, worded("splitDataTakes", is_wrongly(split, 'data')))
    if names is None:
        return inputs_of_rows(rows, None, "dataframe_split", takes)
    if not isinstance(names, list):
        raise Refusal(400, f"columns of dataframe_split is {show(names)}; it takes a list of names")
    return inputs_of_rows(rows, [str(name) for name in names], "dataframe_split", takes)


def columns_of_records(records: Any, label: str, takes: Takes) -> dict[str, Any]:
    """A list of objects. A column that only some of them have is missing in the others, as in pandas."""
    if not isinstance(records, list) or not all(isinstance(row, dict) for row in records):
        raise Refusal(400, worded("takesObjects", label, show(records)))
    if not records:
        return no_rows(takes)
    names = list(dict.fromkeys(name for row in records for name in row))
    rows = [[row.get(name) for name in names] for row in records]
    return inputs_of_rows(rows, names, label, takes)


def no_rows(takes: Takes) -> dict[str, Any]:
    """A table without rows is a table too: its answer has no rows either."""
    return {spec.name: [] for spec in takes.inputs}


def declared_header(content_type: str) -> str | None:
    """The client's declaration of the first line, `present` or `absent`, by the parameter of `text/csv` (RFC 7111)."""
    declared = re.search(r';\s*header="?(present|absent)\b', content_type, re.IGNORECASE)
    return declared and declared[1].lower()


def columns_of_csv(text: str, takes: Takes, declared: str | None = None) -> dict[str, Any]:
    """Lines of cells. The first line is a header where the client says so, and else unless it has values: for a model with text columns, a header has half of their names or is one word over texts of several; otherwise it has a cell that is not a number."""
    try:
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), strict=True) if line]
    except csv.Error as error:
        raise Refusal(400, f"the body is not CSV that can be read: {error}") from None
    if not lines:
        raise Refusal(400, worded("csvEmpty"))
    first = names_as_saved([cell.strip() for cell in lines[0]], takes)
    _refuse_other_separator(first, takes)
    is_header = declared == "present" if declared else _is_header(first, lines[1:], takes)
    rows = lines[1:] if is_header else lines
    if is_header and not rows:
        _refuse_joined_lines(text, len(first), takes)
    names = names_in_table(first, takes) if is_header else None
    specs = _column_specs(takes, names, len(first), "the CSV")
    cells = [[_cell(cell.strip(), spec) for cell, spec in zip(row, specs)] + row[len(specs) :] for row in rows]
    return inputs_of_rows(cells, names, "the CSV", takes)


def _is_header(first: list[str], rest: list[list[str]], takes: Takes) -> bool:
    if not (takes_columns(takes.inputs) and any(spec.datatype == "BYTES" for spec in takes.inputs)):
        has_names = required_of(takes).issubset(first) and any(spec.name in first for spec in takes.inputs)
        return has_names or not all(_number(cell) is not None or _MISSING.fullmatch(cell) for cell in first)
    written = {cell.lower() for cell in first}
    named = [spec for spec in takes.inputs if spec.name.lower() in written]
    required = required_of(takes)
    if 2 * len(named) >= len(takes.inputs) or (required and required.issubset(spec.name for spec in named)):
        return True
    is_name_of_texts = len(takes.inputs) == 1 and _is_word(first[0]) and len(rest) > 0
    if not is_name_of_texts or takes.ignored is None or any(_is_word(row[0].strip()) for row in rest):
        return False
    # The warning names it, since it may have been a text.
    takes.ignored[first[0]] = None
    return True


def _is_word(cell: str) -> bool:
    return re.fullmatch(r"[^\W\d][\w-]*", cell) is not None


def _refuse_joined_lines(text: str, length: int, takes: Takes) -> None:
    """Refuses a table without line breaks between lines: the last name of the first line and the first value of the next are one cell then."""
    shape = takes.inputs[0].shape or ()
    width = len(takes.inputs) if len(takes.inputs) > 1 else shape[1] if len(shape) > 1 else -1
    if width < 0 or length <= width or re.search(r"[\r\n]", text):
        return
    raise Refusal(400, worded("csvOneLine", length))


def _refuse_other_separator(first: list[str], takes: Takes) -> None:
    """Refuses cells separated by semicolons, as spreadsheets of many countries write them: the number of columns alone would not show the reason."""
    shapes = [spec.shape or () for spec in takes.inputs]
    is_one_column = len(shapes) == 1 and (len(shapes[0]) == 1 or shapes[0][1:] == (1,))
    separator = next((each for each in first[0] if each in ";\t"), None)
    if len(first) == 1 and separator and not is_one_column:
        name = "semicolons" if separator == ";" else "tabs"
        raise Refusal(400, worded("otherSeparator", name))


def inputs_of_rows(rows: list[list[Any]], names: list[str] | None, label: str, takes: Takes) -> dict[str, Any]:
    """A column for each input, by name or else by position, or the rows as the only input."""
    width = len(names) if names is not None else len(rows[0]) if rows else 0
    names = names if names is None else names_in_table(names, takes)
    specs = _column_specs(takes, names, width, label)
    for index, row in enumerate(rows):
        if len(row) != width:
            raise Refusal(400, worded("valuesInRow", label, len(row), index, width))
    if not takes_columns(takes.inputs):
        return {takes.inputs[0].name: rows}
    return {spec.name: whole_of(spec, [row[at] for row in rows]) for at, spec in enumerate(specs) if spec is not None}


def _column_specs(takes: Takes, names: list[str] | None, width: int, label: str) -> list[TensorSpec | None]:
    """The input spec of each column of a table; None for an ignored one."""
    inputs = takes.inputs
    if not takes_columns(inputs):
        [only] = inputs if len(inputs) == 1 else [None]
        shape = only.shape if only else None
        if only is None or (shape is not None and len(shape) != 2):
            raise Refusal(400, worded("tableForTensors", label, show_keys([spec.name for spec in inputs])))
        if shape is not None and shape[1] not in (-1, width):
            raise Refusal(400, worded("otherColumns", label, width, shape[1]))
        return [only] * width
    if names is None:
        row_by_position([None] * width, label, takes)
        return list(inputs)
    pass_over(names, label, takes)
    known = {spec.name: spec for spec in inputs}
    return [known.get(name) for name in names]


def takes_table(inputs: tuple[TensorSpec, ...]) -> bool:
    """Whether a table can be the model's inputs: columns, or one matrix."""
    only = inputs[0].shape if len(inputs) == 1 else None
    return takes_columns(inputs) or (only is not None and len(only) == 2)


def takes_columns(inputs: tuple[TensorSpec, ...]) -> bool:
    """Whether each input is a column of values; a single two-dimensional input is a matrix, even with one column."""
    shapes = [spec.shape for spec in inputs]
    if len(shapes) == 1:
        return shapes[0] is not None and len(shapes[0]) == 1
    return all(shape is not None and (len(shape) == 1 or shape[1:] == (1,)) for shape in shapes)


def _is_list_of_rows(rows: Any) -> bool:
    return isinstance(rows, list) and all(isinstance(row, list) for row in rows)


# The texts that pandas, and so MLflow's server, reads as a missing number.
_MISSING = re.compile(r"|#?n/?a|<na>|-?nan|null|none", re.IGNORECASE)


def _number(cell: str) -> float | None:
    """The number in a cell; `True` is 1, since pandas writes a column of booleans so and JSON writes it as `true`."""
    truth = {"true": 1.0, "false": 0.0}.get(cell.lower())
    return number_of(cell) if truth is None else truth


def _cell(cell: str, spec: TensorSpec | None) -> Any:
    if spec is not None and spec.takes_null and _is_null(cell, spec):
        return None
    if spec is None or not is_float(spec):
        return cell
    number = _number(cell)
    return cell if number is None and not _MISSING.fullmatch(cell) else number


def _is_null(cell: str, spec: TensorSpec) -> bool:
    """Whether a cell is missing. A text may really be "NA" or "None", so only an empty cell of texts is."""
    return cell == "" and spec.empty_is_null if spec.datatype == "BYTES" else _MISSING.fullmatch(cell) is not None
