from __future__ import annotations

from typing import Any, Callable, Collection, Iterable, NamedTuple

import numpy as np

from .language.engine import Engine
from .refusal import Refusal, show, show_keys
from .serving.streams import Content
from .values.tensors import Signature, TensorSpec, is_missing


class Model(NamedTuple):
    """
    A loaded model. `predict` takes an array for each input of the signature, by name, and returns one for each output.
    `is_code`: the user's own code answers; it runs in one thread, and its errors count as the server's.
    `invoke` is its own way to answer a body: (bytes, content type, accept) to (content, content type).
    `native` is the framework's own object, from which golden rows are made.
    `is_network`: it takes tensors of any rank, and no framework's object knows which of them are worth testing.
    `sample` is a body for `invoke` that it is proven by.
    `language` answers texts and conversations; the arrays of `predict` are texts then.
    `embed` makes a vector of each text, and counts their tokens together.
    `rank` scores how well a text matches each of several others, by the network's own scores if asked, and counts the tokens.
    `takes_file` is the name of the parameter, and so of the form field, that the code takes as a file or an image; empty where there is none.
    `predict_with` makes a `predict` for the parameters of a request, where the model takes parameters.
    """

    signature: Signature
    predict: Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]
    takes_columns: bool = False
    is_code: bool = False
    invoke: Callable[[bytes, str, str], tuple[Content, str]] | None = None
    native: Any = None
    language: Engine | None = None
    is_network: bool = False
    sample: Any = None
    embed: Callable[[list[str]], tuple[list[list[float]], int]] | None = None
    rank: Callable[[str, list[str], bool], tuple[list[float], int]] | None = None
    takes_file: str = ""
    predict_with: Callable[[dict[str, Any]], Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]] | None = None


def matrix(width: int | None) -> tuple[TensorSpec, ...]:
    """The only input of a model that takes rows of numbers; any width if `width` is None."""
    return (TensorSpec("input", "FP64", (-1, -1 if width is None else width)),)


def spec_like(name: str, array: np.ndarray) -> TensorSpec:
    """The spec of an output of this type, whose first dimension is the request's number of rows."""
    from .values.tensors import datatype_of

    return TensorSpec(name, datatype_of(array), (-1, *array.shape[1:]))


def stacked(inputs: dict[str, np.ndarray]) -> np.ndarray:
    """One matrix of numbers: the only input, or columns side by side."""
    arrays = list(inputs.values())
    if len(arrays) == 1 and arrays[0].ndim == 2:
        return arrays[0]
    return np.column_stack(arrays)


def side_by_side(inputs: dict[str, np.ndarray]) -> np.ndarray:
    """One table of Python objects, for texts and numbers that were fitted without names."""
    arrays = [array.reshape(len(array)).astype(object) for array in inputs.values()]
    return np.column_stack(arrays)


def answers(estimator: Any, method: str) -> bool:
    """Whether it has the method after fitting: in scikit-learn some methods depend on the fit."""
    try:
        return callable(getattr(estimator, method, None))
    except Exception:
        return False


def codes_of(categories: Iterable[Any]) -> dict[Any, float]:
    """A booster's number for each category."""
    return {category: float(code) for code, category in enumerate(categories)}


def coded(array: np.ndarray, codes: dict[Any, float] | None) -> np.ndarray:
    """The codes of categories, or the array unchanged if the column has none; an unknown category becomes a missing value."""
    if not codes:
        return array
    return np.array([codes.get(value, np.nan) for value in array.ravel().tolist()])


def refuse_unknown(name: str, values: np.ndarray, known: Collection[Any]) -> None:
    """Refuses an unknown category with 400; missing values are accepted."""
    for index, value in enumerate(values.ravel().tolist()):
        if value not in known and not is_missing(value):
            raise Refusal(400, f'input "{name}" has {show(value)} at {index}; the model knows {show_keys(list(known))}')


def plain(array: Any) -> np.ndarray:
    """A framework's answer, as an array whose type has a datatype in the protocol."""
    result = np.asarray(array)
    if result.dtype.kind in "biufU" and result.dtype.name != "float128":
        return result
    if result.dtype.kind == "S":
        return np.char.decode(result, "utf-8", "replace")
    if result.dtype.kind == "M":
        # numpy represents a time in nanoseconds by their number.
        result = result.astype("datetime64[us]").astype(object)
        return np.vectorize(lambda time: time.isoformat() if time else "NaT", otypes=[object])(result) if result.size else result
    if result.dtype.kind == "O" and result.size > 0 and all(isinstance(value, (bool, np.bool_)) for value in result.flat):
        return result.astype(bool)
    if result.dtype.kind == "O" and result.size > 0 and all(isinstance(value, (int, np.integer)) for value in result.flat):
        return result.astype(np.int64)
    if result.dtype.kind == "O" and result.size > 0 and all(isinstance(value, (int, float)) for value in result.flat):
        return result.astype(np.float64)
    if result.dtype.kind == "f":
        return result.astype(np.float64)
    texts = np.empty(result.shape, dtype=object)
    texts[...] = np.vectorize(str, otypes=[object])(result) if result.size else result
    return texts
