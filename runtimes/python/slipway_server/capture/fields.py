"""The parts of a request that may be kept: the fields of the model's signature, or of its task, and nothing where a private one is among them."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass
from typing import Any, Callable, Iterable, NoReturn


@dataclass(frozen=True)
class Fields:
    """The names of the model's inputs and outputs. `has_task`: it takes texts or pictures by the protocols of a task, whose fields are in no signature."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    has_task: bool
    private: tuple[str, ...]


@dataclass(frozen=True)
class Asked:
    """`type` is the content type as the client wrote it; empty where it declared none. `caller` names who sent the request, empty where nobody knows."""

    path: str
    type: str
    body: bytes
    answer: bytes
    caller: str = ""


class NotKept(Exception):
    """`private`: it has a field that is named private. `form`: what in it belongs to the signature is not known."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def kept_of(asked: Asked, fields: Fields) -> bytes:
    """The body with the fields that may be kept, each whole; the same bytes where it has no others. Names are compared as tables write them: without case, and with any sign for a space. Raises NotKept."""
    essence = asked.type.split(";")[0].strip().lower()
    # Nobody knows what such a model takes.
    if not fields.inputs and not fields.has_task:
        raise NotKept("form")
    if _has_private(_json_in(asked.answer), fields):
        raise NotKept("private")
    try:
        if fields.has_task and (essence.startswith("image/") or asked.body.startswith(_PICTURES)):
            return asked.body
        if re.fullmatch(r"text/(x-)?csv|application/csv", essence):
            return _of_csv(asked, fields)
        if re.fullmatch(r"application/(x-)?(ndjson|jsonl|jsonlines|json-lines)", essence):
            texts = [line for line in asked.body.decode().split("\n") if line.strip()]
            return _filtered(asked.body, texts, fields, lambda value: _row_in(value, fields))
        return _filtered(asked.body, [asked.body.decode("utf-8-sig")], fields, _filter_of(asked.path, fields))
    except (ValueError, TypeError, KeyError, RecursionError, csv.Error):
        raise NotKept("form") from None


_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"GIF8")

# The fields that the protocols of tasks take: Hugging Face's inference API, OpenAI's API, and those that rank texts.
_TASK_FIELDS = frozenset(
    """inputs parameters input model messages prompt instructions query texts documents top_n raw_scores return_text return_documents
    dimensions encoding_format max_tokens max_completion_tokens max_output_tokens max_new_tokens temperature top_p top_k min_p seed stop n
    response_format text tools tool_choice parallel_tool_calls logprobs top_logprobs frequency_penalty presence_penalty repeat_penalty""".split()
)
_FORMS = ("inputs", "instances", "dataframe_split", "dataframe_records")
_TENSOR = ("name", "datatype", "shape", "data")


def _filter_of(path: str, fields: Fields) -> Callable[[Any], Any]:
    if path.endswith("/infer"):
        return lambda value: _tensors_in(value, fields)
    return _task_in if fields.has_task else lambda value: _rows_in(value, fields)


def _filtered(body: bytes, texts: list[str], fields: Fields, kept: Callable[[Any], Any]) -> bytes:
    """The JSON values of these texts as `kept` leaves them; the same bytes where it leaves nothing out."""
    values = [json.loads(text, parse_constant=_refuse) for text in texts]
    if _has_private(values, fields):
        raise NotKept("private")
    left = [kept(value) for value in values]
    if left == values:
        return body
    return "\n".join(json.dumps(value, ensure_ascii=False, separators=(",", ":")) for value in left).encode()


def _refuse(_constant: str) -> NoReturn:
    raise NotKept("form")


def _tensors_in(value: Any, fields: Fields) -> Any:
    sent = [each for each in value["inputs"] if str(each["name"]) in fields.inputs]
    if not sent:
        raise NotKept("form")
    kept: dict[str, Any] = {"inputs": [_only(each, _TENSOR.__contains__) for each in sent]}
    if isinstance(value.get("outputs"), list):
        kept["outputs"] = [{"name": each["name"]} for each in value["outputs"] if str(each["name"]) in fields.outputs]
    return kept


def _task_in(value: Any) -> Any:
    return _only(value, _TASK_FIELDS.__contains__) if isinstance(value, dict) else value


def _rows_in(value: Any, fields: Fields) -> Any:
    if not isinstance(value, dict):
        return _positional(value, fields)
    if isinstance(value.get("columns"), list) and isinstance(value.get("data"), list):
        return _split_in(value, fields)
    form = next((name for name in _FORMS if name in value and not _is_name(name, fields.inputs)), None)
    if form is None:
        kept = _row_in(value, fields)
        if not kept:
            raise NotKept("form")
        return kept
    inner = value[form]
    if form == "dataframe_split":
        return {form: _split_in(inner, fields)}
    return {form: _row_in(inner, fields) if isinstance(inner, dict) else _positional(inner, fields)}


def _positional(value: Any, fields: Fields) -> Any:
    """A list of rows, by name or by position."""
    return [_row_in(row, fields) for row in value] if isinstance(value, list) else _row_in(value, fields)


def _row_in(row: Any, fields: Fields) -> Any:
    """A row, or columns by name. A row by position has a private column where the signature has."""
    if isinstance(row, dict):
        return _only(row, lambda name: _is_name(name, fields.inputs))
    if any(_is_name(name, fields.private) for name in fields.inputs):
        raise NotKept("private")
    return row


def _split_in(value: Any, fields: Fields) -> Any:
    columns, data = value.get("columns"), value["data"]
    if not isinstance(data, list):
        raise NotKept("form")
    if not isinstance(columns, list):
        return {"data": _positional(data, fields)}
    kept = [at for at, name in enumerate(columns) if _is_name(str(name), fields.inputs)]
    if not kept and len(fields.inputs) > 1:
        raise NotKept("form")
    # A model of one input takes a table of columns of any names.
    if not kept:
        return {"columns": columns, "data": _positional(data, fields)}
    if not all(isinstance(row, list) and len(row) == len(columns) for row in data):
        raise NotKept("form")
    return {"columns": [columns[at] for at in kept], "data": [[row[at] for at in kept] for row in data]}


def _of_csv(asked: Asked, fields: Fields) -> bytes:
    text = asked.body.decode("utf-8-sig")
    lines = [[cell.strip() for cell in line] for line in csv.reader(io.StringIO(text, newline=""), strict=True) if line]
    first = lines[0] if lines else []
    if any(_is_name(cell, fields.private) for cell in first):
        raise NotKept("private")
    named = [at for at, cell in enumerate(first) if _is_name(cell, fields.inputs)]
    if re.search(r';\s*header="?absent', asked.type, re.IGNORECASE) or not named:
        _row_in(first, fields)
        if len(fields.inputs) > 1 and len(first) > len(fields.inputs):
            raise NotKept("form")
        return asked.body
    if len(named) == len(first):
        return asked.body
    rows = (",".join(_quoted(line[at] if at < len(line) else "") for at in named) for line in lines)
    return ("\n".join(rows) + "\n").encode()


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if re.search(r'[",\r\n]', cell) else cell


def _has_private(value: Any, fields: Fields) -> bool:
    """Whether a private name is among the keys of a JSON value, the columns of a table in it, or the names of its tensors."""
    if not fields.private:
        return False
    if isinstance(value, list):
        return any(_has_private(each, fields) for each in value)
    if not isinstance(value, dict):
        return False
    columns = value.get("columns")
    names = [*value, *(columns if isinstance(columns, list) else [columns]), value.get("name")]
    return any(isinstance(each, str) and _is_name(each, fields.private) for each in names) or any(_has_private(each, fields) for each in value.values())


def _is_name(name: str, among: Iterable[str]) -> bool:
    return any(each == name or _plain(each) == _plain(name) for each in among)


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "_", name.lower())


def _only(value: Any, is_kept: Callable[[Any], bool]) -> dict[str, Any]:
    return {name: each for name, each in value.items() if is_kept(name)}


def _json_in(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None
