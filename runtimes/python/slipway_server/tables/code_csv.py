"""Answers of code as tables."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..refusal import Refusal, quoted


def table_of(answer: Any) -> dict[str, np.ndarray]:
    """The columns of an answer in JSON's types: of records, of columns by name, of one record, or of a column `prediction`. Refuses other answers with 406."""
    return {name: _column(name, cells) for name, cells in _columns(answer).items()}


def _columns(answer: Any) -> dict[str, Any]:
    if isinstance(answer, list) and answer and all(isinstance(each, dict) for each in answer):
        names = dict.fromkeys(name for record in answer for name in record)
        return {name: [record.get(name) for record in answer] for name in names}
    if isinstance(answer, dict) and answer:
        return answer if all(isinstance(each, list) for each in answer.values()) else {name: [each] for name, each in answer.items()}
    return {"prediction": answer if isinstance(answer, list) else [answer]}


def _column(name: str, cells: list[Any]) -> np.ndarray:
    is_matrix = bool(cells) and all(isinstance(each, list) for each in cells) and len({len(each) for each in cells}) == 1
    flat = [cell for row in cells for cell in row] if is_matrix else cells
    if any(isinstance(cell, (list, dict)) for cell in flat):
        raise Refusal(406, f"{quoted(name)} has lists or objects, which do not fit in the cells of a table; ask for application/json")
    array = np.array(["" if cell is None else cell for cell in flat])
    if array.dtype.kind not in "biuf":
        array = np.array([_text_of(cell) for cell in flat], dtype=object)
    return array.reshape(len(cells), -1) if is_matrix else array


def _text_of(cell: Any) -> str:
    if cell is None:
        return ""
    return str(cell).lower() if isinstance(cell, bool) else str(cell)
