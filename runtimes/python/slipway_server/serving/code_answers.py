"""Answers of code that declares no signature."""

from __future__ import annotations

import dataclasses
import decimal
import enum
import io
import os
import uuid
from typing import Any, Callable, Iterator, TypeVar

import numpy as np

from ..refusal import Refusal
from ..tables.code_csv import table_of
from ..tables.csv_answer import csv_header, csv_of, wants_csv
from .streams import Content, dumped, streamed

T = TypeVar("T")


def code_answer(result: Any, accept: str) -> tuple[Content, str]:
    """An answer's content and type: a generator's values as a stream, bytes and images unchanged, anything else as JSON, or as CSV where the client prefers that."""
    if isinstance(result, Iterator) and not isinstance(result, io.IOBase):
        return streamed((jsonable(value) for value in result), accept)
    content = _content_of(result)
    if content is not None:
        return content, _type_of(content)
    if wants_csv(accept):
        header = csv_header(accept)
        return csv_of(table_of(jsonable(result)), header), f"text/csv; charset=utf-8; header={header}"
    return json_content({"predictions": result})


def json_content(value: Any) -> tuple[bytes, str]:
    return dumped(jsonable(value)).encode("utf-8", "replace"), "application/json"


def jsonable(value: Any) -> Any:
    """A value in JSON's types, including arrays, tables, numbers and times of numpy and pandas, and records of classes. Refuses any other with 500 and its type."""
    if isinstance(value, enum.Enum):
        return jsonable(value.value)
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return _finite(value)
    if isinstance(value, dict):
        return {str(name): jsonable(each) for name, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [jsonable(each) for each in value]
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "mM":
        return jsonable(value.astype(str).tolist())
    if hasattr(value, "columns") and hasattr(value, "to_dict"):
        # In polars the method for a table's rows has another name.
        return jsonable(value.to_dicts() if hasattr(value, "to_dicts") else value.to_dict(orient="records"))
    if hasattr(value, "tolist"):
        return jsonable(value.tolist())
    # pandas' missing value is not even equal to itself.
    if type(value).__name__ in ("NaTType", "NAType"):
        return None
    return _record_json(value)


# The number of numbers lost because JSON cannot write them; the model's only thread counts them.
_lost = 0


def _finite(value: float) -> float | None:
    global _lost
    if np.isfinite(value):
        return value
    _lost += 1
    return None


def counting_lost(answer: Callable[[], T]) -> tuple[T, int]:
    """Calls `answer`; returns its result, and how many of its numbers are null in JSON: NaN, and infinite ones."""
    before = _lost
    return answer(), _lost - before


def _record_json(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: jsonable(getattr(value, field.name)) for field in dataclasses.fields(value)}
    for name in ("model_dump", "to_list", "isoformat"):
        if not isinstance(value, type) and callable(getattr(value, name, None)):
            return jsonable(getattr(value, name)())
    if isinstance(value, decimal.Decimal):
        return jsonable(float(value))
    if isinstance(value, (uuid.UUID, os.PathLike)):
        return str(value)
    raise Refusal(500, f"the model's code answered {_named(value)}, for which JSON has no form; {_ANSWERS}")


_ANSWERS = (
    "it takes texts, numbers, booleans, None, lists, dictionaries, dataclasses, models of pydantic, and arrays and tables of numpy and pandas;"
    " bytes and Pillow's images by themselves, or as base64 within others"
)


def _named(value: Any) -> str:
    kind = type(value)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return f"a value of the type {name}"


def _content_of(value: Any) -> bytes | None:
    """The content of an answer that is a file by itself."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, io.BytesIO):
        return value.getvalue()
    if any(f"{kind.__module__}.{kind.__qualname__}" == "PIL.Image.Image" for kind in type(value).__mro__):
        file = io.BytesIO()
        value.save(file, "PNG")
        return file.getvalue()
    return None


# The first bytes of a file of each kind, the bytes after its size, and its content type.
_KINDS = (
    (b"\x89PNG\r\n\x1a\n", b"", "image/png"),
    (b"\xff\xd8\xff", b"", "image/jpeg"),
    (b"GIF8", b"", "image/gif"),
    (b"RIFF", b"WEBP", "image/webp"),
    (b"RIFF", b"WAVE", "audio/wav"),
    (b"OggS", b"", "audio/ogg"),
    (b"fLaC", b"", "audio/flac"),
    (b"ID3", b"", "audio/mpeg"),
    (b"%PDF-", b"", "application/pdf"),
    (b"PK\x03\x04", b"", "application/zip"),
)


def _type_of(content: bytes) -> str:
    kinds = (type_ for start, then, type_ in _KINDS if content.startswith(start) and then in content[8:12])
    return next(kinds, "application/octet-stream")
