"""The one file of a model that is a folder, as inspection found it."""

from __future__ import annotations

import os
from typing import Callable

from ..config import Facts
from ..model import Model
from . import catboost_model, lightgbm_model, skops_model, sklearn_model, xgboost_model

LOADERS: dict[str, Callable[[str, Facts], Model]] = {
    "sklearn": sklearn_model.load,
    "skops": skops_model.load,
    "xgboost": xgboost_model.load,
    "lightgbm": lightgbm_model.load,
    "catboost": catboost_model.load,
}


def file_within(folder: str, name: str) -> str:
    """The path of a file in a folder. Raises ValueError where it is not there, or leads out of it, be it by a link."""
    path = os.path.join(folder, name)
    inside = os.path.join(os.path.realpath(folder), "")
    if os.path.isfile(path) and os.path.realpath(path).startswith(inside):
        return path
    raise ValueError(f"there is no {name} in the artifact")
