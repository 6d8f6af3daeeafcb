"""Checks whether a Python object is the one that inspection predicted. It calls nothing of the object."""

import math
import sys

import numpy

# Fields that scikit-learn's estimators read from their state and then drop.
_FORGOTTEN = {"_sklearn_version"}


# Types that inspection's lists and dicts may be; skops distinguishes lists from tuples where inspection does not.
sequences = [list]
mappings = [dict]


def difference(found, made, at="it"):
    """The first difference, or None where both agree. `found` is a value as `canonical.ts` writes it: a value that is not known there agrees with all."""
    if isinstance(found, bool) and isinstance(made, numpy.bool_):
        return None if bool(made) is found else told(at, found, made)
    if found is None or isinstance(found, (bool, str)):
        return None if type(made) is type(found) and made == found else told(at, found, made)
    if isinstance(found, (int, float)):
        is_number = type(made) in (int, float) or isinstance(made, numpy.generic)
        return None if is_number and made == found else told(at, found, made)
    return _OF[found["k"]](found, made, at)


def told(at, found, made):
    return f"{at}: inspection found {str(found)[:80]!r}, Python made {type(made).__qualname__} {_shown(made)}"


def _shown(made):
    return repr(made)[:80] if type(made) in (int, float, str, bytes, bool, type(None)) else ""


def _nan(found, made, at):
    is_it = isinstance(made, float) and (math.isnan(made) or math.isinf(made))
    return None if is_it else told(at, found, made)


def _tuple(found, made, at):
    if type(made) is not tuple or len(made) != found["n"]:
        return told(at, found, made)
    return _first(difference(each, made[index], f"{at}[{index}]") for index, each in enumerate(found["v"]))


def _list(found, made, at):
    if type(made) in (set, frozenset):
        return None
    if type(made) not in sequences or len(made) != found["n"]:
        return told(at, found, made)
    return _first(difference(each, made[index], f"{at}[{index}]") for index, each in enumerate(found["v"]))


def _dict(found, made, at):
    if type(made) not in mappings or len(made) > found["n"]:
        return told(at, found, made)
    texts = {key for key in made if isinstance(key, str)} | _FORGOTTEN
    known = {key for key, _ in found["v"]} | _FORGOTTEN
    if not found["hasUnread"] and found["isWhole"] and texts != known:
        return told(f"{at}, keys {sorted(texts ^ known)}", found, made)
    return _first(_entry(made, key, value, f"{at}[{key!r}]") for key, value in found["v"])


def _entry(made, key, value, at):
    if key in _FORGOTTEN and key not in made:
        return None
    return difference(value, made[key], at) if key in made else f"{at} is not there"


def _bytes(found, made, at):
    if type(made) not in (bytes, bytearray):
        return told(at, found, made)
    return None if found["v"] in ("", None) or made == found["v"].encode("latin1") else told(at, found, made)


def _dtype(found, made, at):
    is_it = isinstance(made, numpy.dtype) and made.itemsize == found["b"] and made.kind == _kind(found["v"])
    return None if is_it else told(at, found, made)


def _kind(code):
    return {"?": "b", "a": "S"}.get(code[:1], code[:1])


def _array(found, made, at):
    if isinstance(made, numpy.generic) and found["s"] == []:
        made = numpy.asarray(made)
    if not isinstance(made, numpy.ndarray):
        return told(at, found, made)
    if found["d"] is None:
        return None
    is_it = list(made.shape) == found["s"] and made.dtype.kind == _kind(found["d"]) and made.dtype.itemsize == found["b"]
    return None if is_it else told(f"{at} of {made.shape} {made.dtype}", found, made)


def _instance(found, made, at):
    of = named(found["g"])
    if not isinstance(of, type):
        return None
    if type(made) is not of:
        return told(at, found, made)
    has_own = any("__setstate__" in vars(each) for each in of.__mro__ if each.__name__ not in ("object", "BaseEstimator"))
    attributes = getattr(made, "__dict__", None)
    if has_own or not isinstance(attributes, dict):
        return None
    return _first(_entry(attributes, key, value, f"{at}.{key}") for key, value in found["a"])


def _global(found, made, at):
    return None if made is named(found["g"]) or found["g"] == "builtins.xrange" else told(at, found, made)


def named(full):
    parts = full.split(".")
    for count in range(len(parts) - 1, 0, -1):
        module = sys.modules.get(".".join(parts[:count]))
        if module is not None:
            value = module
            for part in parts[count:]:
                value = getattr(value, part, None)
            return value
    return None


def _first(differences):
    return next((each for each in differences if each), None)


_OF = {
    **{"nan": _nan, "tuple": _tuple, "list": _list, "dict": _dict, "bytes": _bytes, "dtype": _dtype},
    **{"array": _array, "instance": _instance, "global": _global, "any": lambda *_: None},
}
