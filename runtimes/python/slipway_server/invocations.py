from __future__ import annotations

import json
from typing import Any

import numpy as np

from .refusal import Refusal, show, show_keys
from .table import columns_of_csv, columns_of_records, columns_of_split
from .tensor_json import nested_json
from .tensors import Signature, read_tensor, shape_of

KEYS = ("inputs", "instances", "dataframe_split", "dataframe_records")
_TAKES = 'an object with "inputs", "instances", "dataframe_split" or "dataframe_records"'


def read_invocation(body: Any, signature: Signature) -> dict[str, np.ndarray]:
    """
    MLflow's scoring request: `inputs` is nested lists, or an object of them by input name; `instances` is a list of rows,
    each a value of the only input or an object by input name; `dataframe_split` and `dataframe_records` are tables. Refuses with 400.
    """
    keys = list(body) if isinstance(body, dict) else []
    if len(keys) != 1 or keys[0] not in KEYS:
        found = f"an object with {show_keys(keys)}" if isinstance(body, dict) else show(body)
        raise Refusal(400, f"the body is {found}; it takes {_TAKES}")
    [key] = keys
    read = {
        "inputs": lambda value: _columns(value, "inputs", signature),
        "instances": lambda value: _rows(value, signature),
        "dataframe_split": lambda value: columns_of_split(value, signature),
        "dataframe_records": lambda value: columns_of_records(value, signature),
    }[key]
    return _tensors(read(body[key]), signature)


def read_csv(text: str, signature: Signature) -> dict[str, np.ndarray]:
    return _tensors(columns_of_csv(text, signature), signature)


def invocation_response(outputs: dict[str, np.ndarray]) -> bytes:
    """`predictions` is the only output, or an object of them by output name."""
    if len(outputs) == 1:
        [only] = outputs.values()
        return f'{{"predictions":{nested_json(only)}}}'.encode("utf-8", "replace")
    named = ",".join(f"{json.dumps(name, ensure_ascii=False)}:{nested_json(array)}" for name, array in outputs.items())
    return f'{{"predictions":{{{named}}}}}'.encode("utf-8", "replace")


def _tensors(named: dict[str, Any], signature: Signature) -> dict[str, np.ndarray]:
    return {spec.name: read_tensor(spec, shape_of(named[spec.name]), named[spec.name]) for spec in signature.inputs}


def _rows(instances: Any, signature: Signature) -> dict[str, Any]:
    if not isinstance(instances, list):
        raise Refusal(400, f"instances is {show(instances)}; it takes a list of rows")
    table = [_columns(row, f"instances[{index}]", signature) for index, row in enumerate(instances)]
    return {spec.name: [row[spec.name] for row in table] for spec in signature.inputs}


def _columns(value: Any, label: str, signature: Signature) -> dict[str, Any]:
    names = [spec.name for spec in signature.inputs]
    if not isinstance(value, dict):
        if len(names) == 1:
            return {names[0]: value}
        raise Refusal(400, f"{label} is {show(value)}; it takes an object with {show_keys(names)}")
    if value.keys() == set(names):
        return value
    raise Refusal(400, f"{label} has {show_keys(list(value))}; it takes {show_keys(names)}")
