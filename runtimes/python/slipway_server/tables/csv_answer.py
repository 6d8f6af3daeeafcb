from __future__ import annotations

import re

import numpy as np

from ..refusal import Refusal, quoted
from ..serving.coding import weights_of
from ..values.tensor_json import values_of
from ..values.tensors import show_shape


def wants_csv(accept: str) -> bool:
    """Whether the client prefers CSV to JSON."""
    if "csv" not in accept.lower():
        return False
    weights = weights_of(accept)
    return weights.get("text/csv", 0) > weights.get("application/json", 0)


def csv_header(accept: str) -> str:
    """The header line is present unless the client asks for `text/csv; header=absent`."""
    return "absent" if re.search(r"text/csv[^,]*;\s*header=absent", accept, re.IGNORECASE) else "present"


def csv_of(outputs: dict[str, np.ndarray], header: str) -> bytes:
    """The outputs as a table of RFC 4180: `name` for a column of values, `name_0`, `name_1`… for a matrix; a missing value is an empty cell. Refuses with 406 outputs that do not form a table."""
    first = next(iter(outputs.values()), None)
    count = first.shape[0] if first is not None and first.ndim else 1
    columns = [column for name, array in outputs.items() for column in _columns(name, array, count)]
    lines = [",".join(_quoted(name) for name, _ in columns)] if header == "present" else []
    lines += [",".join(cells[row] for _, cells in columns) for row in range(count)]
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")


def _columns(name: str, array: np.ndarray, count: int) -> list[tuple[str, list[str]]]:
    if array.ndim > 2 or (array.shape[0] if array.ndim else 1) != count:
        raise Refusal(
            406,
            f"{quoted(name)} has the shape {show_shape(array.shape)}, which is not a column of {count} rows; ask for application/json",
        )
    cells = _cells(array)
    if array.ndim < 2:
        return [(name, cells)]
    width = array.shape[1]
    return [(f"{name}_{at}", cells[at::width]) for at in range(width)]


def _cells(array: np.ndarray) -> list[str]:
    if array.dtype.kind not in "biuf":
        return [_quoted(str(value)) for value in array.ravel().tolist()]
    return ["" if value == "null" else value for value in values_of(array)]


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if re.search('[",\r\n]', text) else text
