"""Rows and columns in requests: by name or position, one or many."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..refusal import SHOWN_KEYS, Refusal, show_keys
from ..values.tensors import TensorSpec, shape_of
from ..worded import worded


class Takes(NamedTuple):
    """A model's inputs. `ignored` collects the names of extra columns and `params` that the server ignores; None when it refuses those."""

    inputs: tuple[TensorSpec, ...]
    ignored: dict[str, None] | None


def columns_by_name(value: dict[str, Any], label: str, takes: Takes) -> dict[str, Any]:
    """The values of a row, or of whole columns, by input name; every required input must be there."""
    saved = names_in_table(list(value), takes)
    pass_over(saved, label, takes)
    return dict(zip(saved, value.values()))


# The name of an input that its framework has no name for.
_UNNAMED = "input"


def names_in_table(names: list[str], takes: Takes) -> list[str]:
    """The model's names for a table's columns. If the model has one value in a row and no name for it, the only column is that value, whatever the client calls it."""
    is_unnamed = [(spec.name, len(spec.shape or ())) for spec in takes.inputs] == [(_UNNAMED, 1)]
    return [_UNNAMED] if is_unnamed and len(names) == 1 else names_as_saved(names, takes)


def names_as_saved(names: list[str], takes: Takes) -> list[str]:
    """The model's names for these columns: LightGBM writes `_` for each space in a table's names."""
    given, known = set(names), {spec.name for spec in takes.inputs}
    if known <= given:
        return names
    saved = [name.replace(" ", "_") for name in names]
    return [other if other in known and other not in given else name for name, other in zip(names, saved)]


def pass_over(names: list[str], label: str, takes: Takes) -> None:
    """Refuses column names unless each input appears exactly once, an optional one at most, and, if the model is strict, extra ones."""
    known = dict.fromkeys(spec.name for spec in takes.inputs)
    own = [name for name in names if name in known]
    is_complete = len(own) == len(set(own)) and required_of(takes).issubset(own)
    if not is_complete or (takes.ignored is None and len(names) > len(own)):
        missing = [name for name in known if name in required_of(takes) and name not in names]
        has = f"lacks {show_keys(missing)}" if missing and len(known) > SHOWN_KEYS else f"has {show_keys(names)}"
        raise Refusal(400, f"{label} {has}; it takes {show_keys(list(known))}")
    if takes.ignored is not None and len(names) > len(own):
        takes.ignored.update(dict.fromkeys(name for name in names if name not in known))


def required_of(takes: Takes) -> set[str]:
    """The names of the columns that no table may lack."""
    return {spec.name for spec in takes.inputs if not spec.is_optional}


def row_by_position(row: list[Any], label: str, takes: Takes) -> dict[str, Any]:
    """A row whose columns are in the order of the inputs."""
    if len(row) == len(takes.inputs):
        return {spec.name: value for spec, value in zip(takes.inputs, row)}
    names = show_keys([spec.name for spec in takes.inputs])
    raise Refusal(400, worded("takesColumns", label, len(row), names))


def whole_of(spec: TensorSpec, value: Any) -> Any:
    """A value with one dimension less than the input becomes a batch of one; in a column of single values, it becomes one row per value, and a single value the only row."""
    shape, lengths = spec.shape, shape_of(value)
    if shape is not None and not lengths and len(shape) == 2 and shape[1] == 1:
        return [[value]]
    if shape is None or len(lengths) != len(shape) - 1 or 0 in lengths:
        return value
    is_column = isinstance(value, list) and len(shape) == 2 and shape[1] == 1
    return [[each] for each in value] if is_column else [value]


def warning_of(ignored: dict[str, None] | None, infinite: list[str] | None = None) -> dict[str, str]:
    """The warning header that names the ignored columns of a request, and the outputs with NaN or infinite numbers: in ASCII, at most eight of each."""
    said = [worded("ignored", _names(list(ignored)))] if ignored else []
    said += [not_finite(infinite)] if infinite else []
    return {"x-slipway-warning": "; ".join(said)} if said else {}


def not_finite(names: list[str]) -> str:
    """The reason why an answer has null where the model returned a number."""
    return worded("notFinite", _names(names))


def _names(names: list[str]) -> str:
    return "".join(each if " " <= each <= "~" else _escaped(each) for each in show_keys(names))


def take_columns(takes: Takes) -> str:
    return worded("anObjectWith", show_keys([spec.name for spec in takes.inputs]))


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
