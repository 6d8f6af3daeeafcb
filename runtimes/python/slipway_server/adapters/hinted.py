"""Converts arguments to the type hints of the code."""

from __future__ import annotations

import base64
import binascii
import contextlib
import dataclasses
import datetime
import enum
import functools
import io
import re
import typing
from typing import Any, Callable, Iterator

import msgspec
import numpy as np

from ..refusal import Refusal, message_of, show


def hints_of(function: Callable[..., Any]) -> dict[str, Any]:
    """The type hints by parameter; empty where a hint uses a name that does not exist."""
    try:
        return typing.get_type_hints(function)
    except Exception:
        return {}


def maker_of(name: str, hint: Any) -> Callable[[Any], Any]:
    """
    Converts the value of a request's body to the type of its parameter: records to dataclasses and models of pydantic, tables, arrays, times, bytes and images.
    Refuses with 400 a value that does not fit such a hint. A hint of plain values (`list`, `float`) only turns texts into numbers: code is called with other values than its hint too, and `blaming` handles failures on them.
    """
    unwrapped = _unwrapped(hint)
    # Made once, and not for each request, since pydantic builds a validator from a hint.
    maker = functools.cache(lambda: _maker(unwrapped))

    def made(value: Any) -> Any:
        make = maker()
        if make is None or (value is None and unwrapped is not hint):
            return value
        try:
            return make(value)
        except Refusal:
            raise
        except _MISFITS as error:
            raise Refusal(400, f'"{name}" does not fit what the model\'s code takes: {_told(error)}') from None

    return made


@contextlib.contextmanager
def blaming(given: dict[Any, Any], hints: dict[str, Any]) -> Iterator[None]:
    """Code may work on more values than its hints declare. If it fails on such a value, the request is refused with 400: the mistake is the client's."""
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        name = next((name for name, value in given.items() if _is_other(value, hints.get(name))), None)
        if name is None:
            raise
        wanted = getattr(hints[name], "__name__", str(hints[name]))
        raise Refusal(
            400, f'"{name}" does not fit what the model\'s code takes: it is {show(given[name])}, no {wanted} ({message_of(error)})'
        ) from error


def _is_other(value: Any, hint: Any) -> bool:
    """Whether a JSON value has another type than a hint of plain values."""
    unwrapped = _unwrapped(hint)
    kinds = _PLAIN.get(typing.get_origin(unwrapped) or unwrapped)
    is_missing = value is None and unwrapped is not hint
    return kinds is not None and not is_missing and isinstance(value, _JSON) and not isinstance(value, kinds)


# The types of a JSON body.
_JSON = (dict, list, str, int, float, type(None))
_PLAIN: dict[Any, tuple[type, ...]] = {str: (str,), bool: (bool,), int: (int,), float: (int, float), list: (list,), dict: (dict,)}


def takes_bytes(hint: Any) -> bool:
    """Whether the code may get the body's bytes unchanged."""
    return _name_of(_unwrapped(hint)) in ("builtins.bytes", _IMAGE)


_MISFITS = (ValueError, TypeError, KeyError, OSError, msgspec.ValidationError)
_IMAGE = "PIL.Image.Image"


def _maker(hint: Any) -> Callable[[Any], Any] | None:
    name = _name_of(hint)
    if name in _MAKERS:
        return _MAKERS[name](hint)
    kinds = list(_classes_in(hint))
    if any(hasattr(kind, "model_validate") for kind in kinds):
        from pydantic import TypeAdapter

        return TypeAdapter(hint).validate_python
    if any(_is_record(kind) for kind in kinds):
        return lambda value: _converted(value, hint)
    return None


def _converted(value: Any, hint: Any) -> Any:
    try:
        return msgspec.convert(value, hint, strict=False)
    except TypeError:
        # A type that msgspec does not support.
        return value


def _is_record(kind: type) -> bool:
    is_named = issubclass(kind, tuple) and hasattr(kind, "_fields")
    is_typed = issubclass(kind, dict) and hasattr(kind, "__total__")
    is_scalar = issubclass(kind, (enum.Enum, datetime.date, datetime.time, datetime.timedelta))
    return dataclasses.is_dataclass(kind) or is_named or is_typed or is_scalar or hasattr(kind, "__struct_fields__")


def _classes_in(hint: Any) -> Iterator[type]:
    if isinstance(hint, type) and not typing.get_args(hint):
        yield hint
    for each in typing.get_args(hint):
        yield from _classes_in(each)


def _unwrapped(hint: Any) -> Any:
    """The type inside an Optional hint; any other hint unchanged."""
    others = [each for each in typing.get_args(hint) if each is not type(None)]
    is_optional = len(others) == 1 and type(None) in typing.get_args(hint)
    return others[0] if is_optional else hint


def _name_of(hint: Any) -> str:
    """The class's name with only its package before it: libraries move their modules about."""
    if not isinstance(hint, type):
        return ""
    module = hint.__module__ if hint.__qualname__ == "Image" else hint.__module__.split(".")[0]
    return f"{module}.{hint.__qualname__}"


def _number(hint: Any) -> Callable[[Any], Any]:
    return lambda value: msgspec.convert(value, hint, strict=False) if isinstance(value, str) else value


def _array(_hint: Any) -> Callable[[Any], Any]:
    return lambda value: value if isinstance(value, bytes) else np.asarray(value)


def _tensor(_hint: Any) -> Callable[[Any], Any]:
    from torch import as_tensor

    return lambda value: value if isinstance(value, bytes) else as_tensor(value)


def _table(hint: Any) -> Callable[[Any], Any]:
    def table(value: Any) -> Any:
        if isinstance(value, hint) or isinstance(value, bytes):
            return value
        if hasattr(value, "to_dict"):
            return hint(value.to_dict(orient="list"))
        is_record = isinstance(value, dict) and not any(isinstance(each, (list, dict)) for each in value.values())
        return hint([value] if is_record else value)

    return table


def _bytes(_hint: Any) -> Callable[[Any], Any]:
    def content(value: Any) -> Any:
        if isinstance(value, bytes):
            return value
        if not isinstance(value, str):
            raise ValueError(f"it is {show(value)}; it takes bytes as the body, or base64")
        try:
            return base64.b64decode(re.sub(r"^data:[^,]{0,100};base64,|\s", "", value), validate=True)
        except binascii.Error:
            raise ValueError(f"it is {show(value)}, which is not base64") from None

    return content


def _image(hint: Any) -> Callable[[Any], Any]:
    from PIL import Image

    def image(value: Any) -> Any:
        content = _bytes(hint)(value)
        try:
            return Image.open(io.BytesIO(content))
        except Image.UnidentifiedImageError:
            raise ValueError("it is not an image of a kind that Pillow knows") from None

    return image


_MAKERS: dict[str, Callable[[Any], Callable[[Any], Any]]] = {
    "builtins.int": _number,
    "builtins.float": _number,
    "builtins.bytes": _bytes,
    "numpy.ndarray": _array,
    "torch.Tensor": _tensor,
    "pandas.DataFrame": _table,
    "polars.DataFrame": _table,
    _IMAGE: _image,
}


def _told(error: BaseException) -> str:
    """The first error that pydantic found; else the whole error."""
    errors = getattr(error, "errors", None)
    first = next(iter(errors()), None) if callable(errors) else None
    if first is None:
        return " ".join(str(error).split())
    place = ".".join(map(str, first["loc"]))
    return f"{first['msg']}{f' (at {place})' if place else ''}"
