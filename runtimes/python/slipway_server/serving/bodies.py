"""Request bodies of models that declare no signature."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from typing import Any

import msgspec

from ..protocols.invocations import KEYS
from ..protocols.written_as import JSON_LINES, lines_of, one_name_of
from ..refusal import Refusal
from ..values.packing import MOST_EXACT
from ..values.tensors import is_missing
from .forms import FIELDS, FORM, fields_of, parts_of
from ..worded import worded


_UTF_16 = worded("utf16")


def text_of(body: bytes) -> str:
    """The text without the byte-order mark that some programs write first. Refuses with 400 bytes that are not UTF-8."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        is_utf_16 = body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        raise Refusal(400, _UTF_16 if is_utf_16 else _no_text(body)) from None


# The first bytes of each kind of file.
_KINDS = (
    (b"PAR1", worded("parquet")),
    (b"ARROW1", worded("arrow")),
    (b"\x93NUMPY", worded("numpyFile")),
    (b"PK\x03\x04", worded("archive")),
    (b"\x1f\x8b", worded("gzipUndeclared")),
)


def _no_text(body: bytes) -> str:
    kind = next((kind for start, kind in _KINDS if body.startswith(start)), None)
    return worded("bodyIsFile", kind) if kind else worded("notUtf8")


def is_text(body: bytes) -> bool:
    try:
        body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return True


def parse_json(body: bytes) -> Any:
    """Refuses with 400 a body that is not UTF-8 JSON, or is nested too deeply to read. Integers keep their digits. Takes the NaN that Python writes for a missing number: clients of MLflow send it, since its server reads it."""
    body = body[len(codecs.BOM_UTF8) :] if body.startswith(codecs.BOM_UTF8) else body
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError, ValueError) as error:
        text, fault = text_of(body), error
        if "NaN" in text:
            try:
                return _with_nan(body, text)
            except (msgspec.DecodeError, RecursionError, ValueError) as other:
                fault = other
        reason = worded("empty") if not body else "it is nested too deep" if isinstance(fault, RecursionError) else str(fault)
        raise Refusal(400, worded("jsonUnreadable", _other_in(body) or reason)) from None


def _with_nan(body: bytes, text: str) -> Any:
    """The value of a body that is JSON except for NaN. Raises msgspec's errors for any other body: Python's own reader also takes infinite numbers, and halves of letters."""
    # A number of the same length, so that an error names the place.
    msgspec.json.decode(_TEXT_OR_NAN.sub(lambda found: b"0.0" if found[0] == b"NaN" else found[0], body))
    return json.loads(text)


_TEXT_OR_NAN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\Z)|NaN', re.DOTALL)
# A string, complete or truncated, or a value that many programs write but JSON does not have: an infinite number, or Python's own spelling.
_TEXT_OR_FOREIGN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\Z)|-?Infinity|None|True|False|\'', re.DOTALL)
_PYTHONS = (b"None", b"True", b"False", b"'")


_FORM = re.compile(rb'[^\s[{"=&,;]+=')
_CSV = re.compile(rb'[^\s[{"][^\n]*[,;\t]')
# A body that begins with a letter, but not with a word of JSON or Python.
_BARE = re.compile(rb"\s*(?!(?:true|false|null|NaN|Infinity|None|True|False)\b)[A-Za-z\xc3-\xf4]")
# A value that ends with its line, and another in the next.
_SEVERAL = re.compile(rb"\s*[\[{][^\n]*[\]}]\s*\n\s*[\[{]")


def _other_in(body: bytes) -> str | None:
    """Names the format that the body seems to have instead, where it can be recognized."""
    if _FORM.match(body):
        return worded("form")
    if _CSV.match(body):
        return worded("csvAsJson")
    if _SEVERAL.match(body):
        return worded("jsonLines")
    if _BARE.match(body):
        return worded("bareText")
    return _foreign_in(body)


def _foreign_in(body: bytes) -> str | None:
    for found in _TEXT_OR_FOREIGN.finditer(body):
        if found[0] in _PYTHONS:
            return worded("pythonsSpelling", found[0].decode())
        if not found[0].startswith(b'"'):
            return worded("notInJson", found[0].decode())
    return None


def value_of(body: bytes, content_type: str) -> Any:
    """The argument for the code: CSV rows, a list of JSON's lines, the parts or fields of a form by name, the value under one of MLflow's keys in JSON, else all of the JSON, which may be called a text; bytes for any other type."""
    essence = one_name_of(content_type.split(";")[0].strip().lower())
    if essence == "text/csv":
        return _csv(text_of(body))
    if essence == JSON_LINES:
        return lines_of(body, parse_json)
    if essence == FORM:
        parts = parts_of(body, content_type)
        if not parts:
            raise Refusal(400, "the form has no part")
        return {part.name: value_of(part.content, part.content_type) if part.is_file else text_of(part.content) for part in parts}
    if essence == "text/plain":
        value = _json_in(body)
        if value is None:
            return body
    elif not essence.endswith("json") and essence != FIELDS:
        return body
    elif not is_text(body):
        raise Refusal(400, "the body is not UTF-8; bytes have a content type of their own, such as image/jpeg or application/octet-stream")
    else:
        fields = fields_of(body) if essence == FIELDS else {}
        if fields:
            return fields
        value = parse_json(body)
    key = next(iter(value)) if isinstance(value, dict) and len(value) == 1 else None
    if key == "dataframe_split":
        return _table(value[key])
    if key == "dataframe_records":
        return _frame(value[key])
    return value[key] if key in KEYS else value


def _json_in(text: bytes) -> Any:
    """The objects or the list in a text, since a browser's `fetch` declares text for JSON by default; None for any other text."""
    if not text.lstrip().startswith((b"{", b"[")):
        return None
    try:
        return parse_json(text)
    except Refusal:
        return None


def _table(split: Any) -> Any:
    if not isinstance(split, dict) or not isinstance(split.get("data"), list):
        raise Refusal(400, "dataframe_split takes an object with columns and data")
    columns = split.get("columns")
    if not isinstance(columns, list):
        return split["data"]
    return _frame([dict(zip(columns, row)) for row in split["data"] if isinstance(row, list)])


def _csv(text: str) -> Any:
    """A table whose first line names its columns, with numbers where a cell is one: a pandas table if pandas is installed, else a list of objects."""
    try:
        import pandas
    except ModuleNotFoundError:
        names, *rows = _csv_lines(text) or [[]]
        return [{name: _number_or_text(cell) for name, cell in zip(names, row)} for row in rows if row]
    try:
        table = pandas.read_csv(io.StringIO(text))
        rounded = [name for name in table.columns if table[name].dtype.kind == "f" and (table[name].abs() > MOST_EXACT).any()]
        if rounded:
            # pandas has turned whole numbers beside missing values into floats.
            cells = pandas.read_csv(io.StringIO(text), usecols=rounded, dtype=str)
            table = _with_whole(table, {name: [_whole_or_none(cell) for cell in cells[name]] for name in rounded})
        return table
    except ValueError as error:
        raise Refusal(400, f"the CSV cannot be read: {error}") from None


def _csv_lines(text: str) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise Refusal(400, f"the CSV cannot be read: {error}") from None


def _whole_or_none(cell: Any) -> Any:
    """The whole number in a cell; None for a missing one, and any other cell unchanged."""
    if not isinstance(cell, str):
        return None
    return int(cell) if re.fullmatch(r"\s*[+-]?[0-9]{1,40}\s*", cell) else cell


def _with_whole(table: Any, columns: dict[str, list[Any]]) -> Any:
    """The table with pandas' nullable integers in the columns that only have whole numbers, some beyond 2^53: a float would round them."""
    import pandas

    for name, values in columns.items():
        known = [value for value in values if not is_missing(value)]
        is_whole = all(isinstance(value, int) and not isinstance(value, bool) for value in known)
        if known and is_whole and MOST_EXACT < max(map(abs, known)) and -(2**63) <= min(known) and max(known) < 2**64:
            missing = [None if is_missing(value) else value for value in values]
            table[name] = pandas.array(missing, dtype="Int64" if max(known) < 2**63 else "UInt64")
    return table


_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


def _number_or_text(cell: str) -> Any:
    """The cell as pandas reads it: an empty one is a missing value."""
    if not _NUMBER.fullmatch(cell):
        return cell or None
    return int(cell) if cell.lstrip("+-").isdigit() else float(cell)


def _frame(records: Any) -> Any:
    """A pandas table if the model has imported pandas, else a list of objects."""
    try:
        import pandas
    except ModuleNotFoundError:
        return records
    table = pandas.DataFrame(records)
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        return table
    return _with_whole(table, {name: [record.get(name) for record in records] for name in table.columns if table[name].dtype.kind == "f"})
