"""The columns of a table that the parts of an estimator receive, and the values that the parts learned from them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Iterator, NamedTuple

import numpy as np

from ..frameworks import framework_of
from ..values.packing import MOST_EXACT
from ..values.tensors import TensorSpec, is_missing


# The only input of a model that takes just text.
TEXTS = "input"


# More columns than a real model has for texts in an array; inspection has the same limit.
_MOST_MADE = 1_000


class Given(NamedTuple):
    """A part, and the table's columns that it receives, in order; empty when unknown. `is_direct`: no earlier step has changed them."""

    part: Any
    columns: list[str]
    is_direct: bool = True


def parts_given(estimator: Any) -> Iterator[Given]:
    """An estimator and its nested parts, each before its own."""
    return _given(Given(estimator, names_given(estimator)))


def learned_of(estimator: Any) -> dict[str, np.ndarray]:
    """The values that a part learned for each column; where several parts learned some, the longest list. They are the categories of an encoder or a booster, or a vocabulary."""
    found: dict[str, np.ndarray] = {}
    for part, columns, _ in parts_given(estimator):
        for name, values in _learned(part, columns).items():
            if len(values) > len(found.get(name, ())):
                found[name] = values
    return found


def categories_of(estimator: Any) -> dict[str, tuple[np.ndarray, bool]]:
    """The categories of each categorical column of a booster fitted on a table, and whether the booster refuses unknown categories."""
    return {
        name: (values, framework_of(part).REFUSES_UNKNOWN)
        for part, columns, is_direct in parts_given(estimator)
        for name, values in framework_of(part).categories(part).items()
        if is_direct and name in columns
    }


def _learned(part: Any, columns: list[str]) -> dict[str, np.ndarray]:
    learned = getattr(part, "categories_", [])
    if len(learned) == len(columns):
        return {name: np.asarray(values) for name, values in zip(columns, learned)}
    if cuts_texts(part):
        return {name: np.array([*getattr(part, "vocabulary_", ["a"])], dtype=object) for name in columns[:1]}
    # The statistic of a constant strategy is just the given constant, in each column.
    if getattr(part, "strategy", None) == "most_frequent":
        usual = zip(columns, getattr(part, "statistics_", []))
        return {name: np.array([value], dtype=object) for name, value in usual if isinstance(value, str)}
    by_name = _texts_by_name(part)
    if by_name:
        return by_name
    return {name: values for name, values in framework_of(part).categories(part).items() if name in columns}


def _texts_by_name(part: Any) -> dict[str, np.ndarray]:
    """The texts that a part of feature-engine has learned, by the names of columns: the text in place of a missing value, a list of texts, or the codes of texts."""
    found = {}
    for kept in ("imputer_dict_", "encoder_dict_"):
        learned = getattr(part, kept, None)
        for name, values in learned.items() if isinstance(learned, dict) else ():
            listed = [values] if isinstance(values, str) else list(values) if isinstance(values, (list, dict)) else []
            if any(isinstance(each, str) for each in listed):
                found[str(name)] = np.array(listed, dtype=object)
    return found


def cuts_texts(part: Any) -> bool:
    """Whether it takes raw text and counts words; a vectorizer that reads the files named by the text does not."""
    is_vectorizer = type(part).__module__ == "sklearn.feature_extraction.text" and type(part).__name__.endswith("Vectorizer")
    return is_vectorizer and bool(part.input == "content")


def names_of(part: Any) -> list[str]:
    """The names of the columns that the part was fitted on."""
    names = [str(name) for name in framework_of(part).names(part)]
    return [] if are_made(names) else names


def names_given(estimator: Any) -> list[str]:
    """The names of the estimator's columns; for texts fitted without names `x0`, `x1` and so on, like scikit-learn's own names. Empty for a matrix of numbers."""
    named = names_of(estimator)
    width = getattr(estimator, "n_features_in_", None)
    if named or not isinstance(width, int) or width > _MOST_MADE:
        return named
    made = [f"x{place}" for place in range(width)]
    learned = _learned_in(estimator, made).values()
    return made if any(is_of_texts(values) or (values.dtype.kind == "O" and whole_type(values)) for values in learned) else []


def unread_of(estimator: Any, names: list[str]) -> set[str]:
    """The columns that its first step, a ColumnTransformer, drops: it was fitted on them, and never looks at them. Empty where this version of scikit-learn does not record them."""
    part, inner = estimator, estimator
    while inner is not None:
        part = inner
        steps = [step for _, step in getattr(part, "steps", []) if step not in (None, "passthrough")]
        inner = steps[0] if steps else getattr(part, "best_estimator_", getattr(part, "regressor_", None))
    chosen = [chosen_of(part, names, name) for name, transformer, _ in getattr(part, "transformers_", []) if not _is_drop(transformer)]
    if not chosen or any(each is None for each in chosen):
        return set()
    return set(names).difference(*(each or [] for each in chosen))


def _is_drop(transformer: Any) -> bool:
    return isinstance(transformer, str) and transformer == "drop"


def column(name: str, learned: np.ndarray | None) -> TensorSpec:
    """The input of a column of single values, by the categories that were learned from it, if any."""
    datatype = "BYTES" if learned is not None and is_of_texts(learned) else "FP64"
    return with_missing(TensorSpec(name, datatype, (-1,)), learned)


def with_missing(spec: TensorSpec, learned: np.ndarray | None) -> TensorSpec:
    """
    The model itself decides whether it takes a missing text or whole number. An empty cell is missing, unless the model knows the empty text.
    Inspection reads names and texts alone: its columns are of FP64 where the model has learned whole numbers that a float would round.
    """
    whole = whole_type(learned) if learned is not None else None
    spec = replace(spec, datatype=whole) if whole and spec.datatype == "FP64" else spec
    # A signature of MLflow may declare whole numbers, which cannot be missing: its own server refuses null in them.
    takes_null = spec.datatype == "BYTES" or (whole is not None and spec.datatype in ("INT64", "UINT64"))
    if spec.shape != (-1,) or not takes_null:
        return spec
    return replace(spec, takes_null=True, empty_is_null=learned is None or "" not in learned.tolist())


def whole_type_of_matrix(estimator: Any, width: int | None) -> str | None:
    """Like `whole_type`, for a matrix of numbers: one array has one type."""
    learned = learned_by_place(estimator, width or 0)
    return next((found for found in (whole_type(values) for values in learned if values is not None) if found), None)


def learned_by_place(estimator: Any, width: int) -> list[np.ndarray | None]:
    """The values that a part learned from each column of a matrix; None where no part did, and for all columns of a very wide matrix."""
    made = [f"x{place}" for place in range(width if width <= _MOST_MADE else 0)]
    learned = _learned_in(estimator, made)
    return [learned.get(name) for name in made] + [None] * (width - len(made))


def _learned_in(estimator: Any, names: list[str]) -> dict[str, np.ndarray]:
    """The values that parts learned from columns that have no names but these."""
    found = [(name, values) for part, columns, _ in _given(Given(estimator, names)) for name, values in _learned(part, columns).items()]
    return {name: values for name, values in found if name in names}


def whole_type(values: np.ndarray) -> str | None:
    """INT64 or UINT64 for categories that are whole numbers too large for a float, which would round one to its neighbour; None for any others, and where neither type covers them all."""
    if values.dtype.kind not in "iuO":
        return None
    known = [value for value in values.tolist() if not is_missing(value)]
    is_whole = all(isinstance(value, (int, np.integer)) and not isinstance(value, bool) for value in known)
    if not known or not is_whole or max(map(abs, known)) <= MOST_EXACT:
        return None
    if -(2**63) <= min(known) and max(known) < 2**63:
        return "INT64"
    return "UINT64" if 0 <= min(known) and max(known) < 2**64 else None


def missing_of(estimator: Any) -> dict[str, Any]:
    """The missing value of each column in the tables that the model was fitted on: None or pandas' NA where a part says so, else NaN."""
    found: dict[str, Any] = {}
    for part, columns, is_direct in parts_given(estimator):
        said = _missing_in(part, len(columns)) if is_direct else []
        for name, value in zip(columns, said):
            # An imputer of NaN leaves None unchanged, and the encoder behind it knows None.
            if name not in found or isinstance(found[name], float):
                found[name] = value
    return found


def _missing_in(part: Any, width: int) -> list[Any]:
    learned = getattr(part, "categories_", [])
    if len(learned) == width and width:
        return [_missing_among(np.asarray(values).tolist()) for values in learned]
    stands = getattr(part, "missing_values", np.nan)
    is_none = stands is None or type(stands).__name__ == "NAType"
    return [stands if is_none else np.nan] * width if hasattr(part, "missing_values") else []


def _missing_among(values: list[Any]) -> Any:
    """The missing value that an encoder has learned: None, or NaN where it has learned NaN or no missing value."""
    missing = [value for value in values if is_missing(value)]
    return None if missing == [None] else np.nan


def is_of_texts(values: np.ndarray) -> bool:
    """Objects may also be numbers or booleans, which an encoder does not recognise in text form."""
    return values.dtype.kind == "U" or (values.dtype.kind == "O" and any(isinstance(value, str) for value in values.tolist()))


def are_made(names: list[str]) -> bool:
    """Whether LightGBM generated the names, which then mean nothing."""
    return names == [f"Column_{index}" for index in range(len(names))]


def _columns_of(part: Any, around: list[str]) -> list[str]:
    """A part fitted on a table has its own names; any other gets those of the enclosing part, if their number fits. A vectorizer takes a list of texts."""
    if cuts_texts(part):
        return around or [TEXTS]
    return names_of(part) or (around if getattr(part, "n_features_in_", len(around)) == len(around) else [])


def _given(taken: Given) -> Iterator[Given]:
    given = taken._replace(columns=_columns_of(taken.part, taken.columns))
    yield given
    for inner in _within(given):
        if inner.part is not None and not isinstance(inner.part, str):
            yield from _given(inner)


def _within(given: Given) -> Iterator[Given]:
    part, columns, is_direct = given
    taken = given
    for _, step in getattr(part, "steps", []):
        yield taken._replace(part=step)
        if step not in (None, "passthrough"):
            kept = _columns_of(step, taken.columns)
            taken = Given(step, kept, is_direct) if _keeps_columns(step) else Given(step, [], False)
    for name, transformer, written in getattr(part, "transformers_", []):
        yield Given(transformer, _chosen(part, columns, name, written), is_direct)
    for _, transformer in getattr(part, "transformer_list", []):
        yield Given(transformer, columns, is_direct)
    for name in ("best_estimator_", "regressor_", "estimator_", "base_estimator_", "_preprocessor"):
        yield Given(getattr(part, name, None), columns, is_direct)
    if hasattr(part, "variables_"):
        # The transformer that feature-engine wraps was fitted on some of the columns, by their own names.
        yield Given(getattr(part, "transformer_", None), [], is_direct)
    # The trees of a forest contain no further parts.
    for inner in [each for each in getattr(part, "estimators_", []) if hasattr(each, "steps") or hasattr(each, "transformers_")]:
        yield Given(inner, columns, is_direct)
    for calibrated in getattr(part, "calibrated_classifiers_", []):
        yield Given(getattr(calibrated, "estimator", None), columns, is_direct)


def _keeps_columns(step: Any) -> bool:
    """Whether the step's output keeps the columns in place; indicators that it adds come after them."""
    return type(step).__name__ == "SimpleImputer" and not step.add_indicator


def chosen_of(part: Any, columns: list[str], name: str) -> list[str] | None:
    """A transformer's columns, by the positions resolved when it was fitted; None when those are not kept."""
    places = getattr(part, "_transformer_to_input_indices", {}).get(name)
    if places is None:
        return None
    return [columns[place] for place in places] if columns else []


def _chosen(part: Any, columns: list[str], name: str, written: Any) -> list[str]:
    """The columns by position; a scikit-learn version that does not keep positions only has the column selectors."""
    named = chosen_of(part, columns, name)
    if named is not None:
        return named
    listed = [written] if isinstance(written, str) else list(written) if isinstance(written, list) else []
    return listed if all(isinstance(each, str) for each in listed) else []
