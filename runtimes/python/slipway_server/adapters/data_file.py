"""The model file of a folder, as inspection found it."""

from __future__ import annotations

import os

from ..adapters import adapter_of
from ..config import Data, Facts
from ..model import Model


def load_data(folder: str, data: Data, facts: Facts) -> Model:
    model: Model = adapter_of(data.format).load(file_within(folder, data.file), facts)
    return model


def file_within(folder: str, name: str) -> str:
    """The path of a file in a folder. Raises ValueError when it does not exist, or leads out of the folder, even by a link."""
    path = os.path.join(folder, name)
    inside = os.path.join(os.path.realpath(folder), "")
    if os.path.isfile(path) and os.path.realpath(path).startswith(inside):
        return path
    raise ValueError(f"there is no {name} in the artifact")
