"""The columns of a table that the parts of an estimator receive, and the values that the parts learned from them."""

from __future__ import annotations

from typing import Any, Iterator, NamedTuple

import numpy as np

from ..frameworks import framework_of


# The only input of a model that takes just text.
TEXTS = "input"


# More columns than anybody fits on texts in an array; inspection has the same limit.
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
    """For each column, the values that a part learned, or of several parts the longest list: the categories of an encoder or a booster, or a vocabulary."""
    found: dict[str, np.ndarray] = {}
    for part, columns, _ in parts_given(estimator):
        for name, values in _learned(part, columns).items():
            if len(values) > len(found.get(name, ())):
                found[name] = values
    return found


def categories_of(estimator: Any) -> dict[str, tuple[np.ndarray, bool]]:
    """For a booster fitted on a table: the categories of each categorical column, and whether it refuses unknown categories."""
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
    # For a constant strategy, the statistic is just the given constant, in each column.
    if getattr(part, "strategy", None) == "most_frequent":
        usual = zip(columns, getattr(part, "statistics_", []))
        return {name: np.array([value], dtype=object) for name, value in usual if isinstance(value, str)}
    by_name = _texts_by_name(part)
    if by_name:
        return by_name
    return {name: values for name, values in framework_of(part).categories(part).items() if name in columns}


def _texts_by_name(part: Any) -> dict[str, np.ndarray]:
    """The texts that a part of feature-engine has learned, which it keeps by the names of columns: one that stands for what is missing, or a list of them, or what each is encoded as."""
    found = {}
    for kept in ("imputer_dict_", "encoder_dict_"):
        learned = getattr(part, kept, None)
        for name, values in learned.items() if isinstance(learned, dict) else ():
            listed = [values] if isinstance(values, str) else list(values) if isinstance(values, (list, dict)) else []
            if any(isinstance(each, str) for each in listed):
                found[str(name)] = np.array(listed, dtype=object)
    return found


def cuts_texts(part: Any) -> bool:
    """Whether it takes raw text and counts words; not the content of files that the text names."""
    is_vectorizer = type(part).__module__ == "sklearn.feature_extraction.text" and type(part).__name__.endswith("Vectorizer")
    return is_vectorizer and bool(part.input == "content")


def names_of(part: Any) -> list[str]:
    """The names of the columns that it was fitted on."""
    names = [str(name) for name in framework_of(part).names(part)]
    return [] if are_made(names) else names


def names_given(estimator: Any) -> list[str]:
    """The names of its columns; of texts fitted without names `x0`, `x1` and on, as scikit-learn calls them itself. Empty for a matrix of numbers."""
    named = names_of(estimator)
    width = getattr(estimator, "n_features_in_", None)
    if named or not isinstance(width, int) or width > _MOST_MADE:
        return named
    made = [f"x{place}" for place in range(width)]
    learned = [values for part, columns, _ in _given(Given(estimator, made)) for name, values in _learned(part, columns).items() if name in made]
    return made if any(map(is_of_texts, learned)) else []


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
        # What feature-engine wraps was fitted on some of the columns, by their own names.
        yield Given(getattr(part, "transformer_", None), [], is_direct)
    # The trees of a forest contain no further parts.
    for inner in [each for each in getattr(part, "estimators_", []) if hasattr(each, "steps") or hasattr(each, "transformers_")]:
        yield Given(inner, columns, is_direct)
    for calibrated in getattr(part, "calibrated_classifiers_", []):
        yield Given(getattr(calibrated, "estimator", None), columns, is_direct)


def _keeps_columns(step: Any) -> bool:
    """Whether its output keeps the columns in place; indicators that it adds come after them."""
    return type(step).__name__ == "SimpleImputer" and not step.add_indicator


def chosen_of(part: Any, columns: list[str], name: str) -> list[str] | None:
    """A transformer's columns, by the positions resolved when it was fitted; None when those are not kept."""
    places = getattr(part, "_transformer_to_input_indices", {}).get(name)
    if places is None:
        return None
    return [columns[place] for place in places] if columns else []


def _chosen(part: Any, columns: list[str], name: str, written: Any) -> list[str]:
    """By position; a scikit-learn version that does not keep positions only has the column selectors."""
    named = chosen_of(part, columns, name)
    if named is not None:
        return named
    listed = [written] if isinstance(written, str) else list(written) if isinstance(written, list) else []
    return listed if all(isinstance(each, str) for each in listed) else []
