"""Finds where a model answers missing values and unknown categories, and where it refuses them. Both are called unknowns here."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..model import Model
from ..refusal import Refusal

UNKNOWN_CATEGORY = "\u2047"
# A model with more columns is asked about all of them at once.
_MOST_ASKED = 128
# The first rows keep their values: one of them becomes an example, which JSON must be able to express.
_WHOLE_ROWS = 16
_SEED = 20_261_126


class Place(NamedTuple):
    """A column of an input, or of a matrix by its index; None means the whole input. In a column of texts a value can be missing, or an unknown category."""

    name: str
    index: int | None
    is_missing: bool = False


class Taken(NamedTuple):
    """The places where the model answers an unknown, and those where it refuses one."""

    answered: list[Place]
    refused: list[Place]


def try_unknowns(model: Model, rows: dict[str, np.ndarray]) -> Taken:
    """Tries the first row with an unknown in one column at a time; both lists are empty if the row itself is refused."""
    answered: list[Place] = []
    refused: list[Place] = []
    if not _answers(model, {name: array[:1].copy() for name, array in rows.items()}):
        return Taken(answered, refused)
    places = _places(rows)
    groups = [[place for place in places if place.is_missing is kind] for kind in (False, True)]
    for together in [group for group in groups if group] if len(places) > _MOST_ASKED else [[place] for place in places]:
        (answered if _answers(model, row_with_unknowns(rows, together)) else refused).extend(together)
    return Taken(answered, refused)


def infinite_places(model: Model, rows: dict[str, np.ndarray], refused: list[Place]) -> list[Place]:
    """The places of numbers where the model refuses infinity, but not a missing value: either all remaining places, or none."""
    asked = [place for place in _places(rows) if place not in refused and rows[place.name].dtype.kind == "f"]
    first = {name: array[:1].copy() for name, array in rows.items()}
    for place in asked:
        _cells(first[place.name], place)[...] = np.inf
    return [] if not asked or _answers(model, first) else asked


def row_with_unknowns(rows: dict[str, np.ndarray], places: list[Place]) -> dict[str, np.ndarray]:
    """The first row, with unknowns in these places."""
    first = {name: array[:1].copy() for name, array in rows.items()}
    for place in places:
        _cells(first[place.name], place)[...] = _unknown(first[place.name], place)
    return first


def with_unknowns(rows: dict[str, np.ndarray], places: list[Place]) -> dict[str, np.ndarray]:
    """Makes one value in sixteen of these places unknown."""
    dice = np.random.RandomState(_SEED)
    found = {name: array.copy() for name, array in rows.items()}
    for place in places:
        cells = _cells(found[place.name], place)[_WHOLE_ROWS:]
        cells[dice.randint(0, 16, cells.shape) == 0] = _unknown(cells, place)
    return found


def _places(rows: dict[str, np.ndarray]) -> list[Place]:
    wide = {name: array.shape[1] if array.ndim == 2 else 1 for name, array in rows.items() if array.dtype.kind in "fO"}
    return [
        Place(name, index, is_missing)
        for name, width in wide.items()
        for index in ([None] if width == 1 or width > _MOST_ASKED else range(width))
        for is_missing in ((False, True) if rows[name].dtype.kind == "O" else (True,))
    ]


def _cells(array: np.ndarray, place: Place) -> np.ndarray:
    return array if place.index is None else array[:, place.index]


def _unknown(array: np.ndarray, place: Place) -> Any:
    if array.dtype.kind != "O":
        return np.nan
    return None if place.is_missing else UNKNOWN_CATEGORY


def _answers(model: Model, row: dict[str, np.ndarray]) -> bool:
    try:
        model.predict(row)
        return True
    except Refusal:
        return False
