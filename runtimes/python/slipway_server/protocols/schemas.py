"""JSON schemas, draft 2020-12, as used in OpenAPI 3.1."""

from __future__ import annotations

from typing import Any, Iterable

from ..tables.table import takes_table
from ..values.tensors import Signature, TensorSpec
from ..worded import worded

_VALUES: dict[str, dict[str, Any]] = {
    "BOOL": {"type": "boolean"},
    "BYTES": {"type": "string"},
    "FP16": {"type": "number"},
    "FP32": {"type": "number"},
    "FP64": {"type": "number"},
    "INT8": {"type": "integer", "minimum": -128, "maximum": 127},
    "INT16": {"type": "integer", "minimum": -32_768, "maximum": 32_767},
    "INT32": {"type": "integer", "minimum": -2_147_483_648, "maximum": 2_147_483_647},
    "INT64": {"type": "integer"},
    "UINT8": {"type": "integer", "minimum": 0, "maximum": 255},
    "UINT16": {"type": "integer", "minimum": 0, "maximum": 65_535},
    "UINT32": {"type": "integer", "minimum": 0, "maximum": 4_294_967_295},
    "UINT64": {"type": "integer", "minimum": 0},
}


# Generators of clients need the type of a list's items, even if items may be of any type.
_ROW = {"type": "array", "items": {}, "description": worded("valuesInOrder")}
_ROWS = {"type": "array", "items": {}, "description": worded("rowsOrOne")}


def obj(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": {**required, **(optional or {})}}


ERROR = obj({"error": {"type": "string"}})


def infer_request(signature: Signature) -> dict[str, Any]:
    names = [spec.name for spec in signature.outputs]
    inputs = {"oneOf": [_tensor(spec) for spec in signature.inputs]} if signature.inputs else {"type": "object"}
    outputs = obj({"name": {"enum": names} if names else {"type": "string"}})
    return obj({"inputs": _list(inputs)}, {"id": {"type": "string"}, "outputs": _list(outputs)})


def infer_response(signature: Signature) -> dict[str, Any]:
    outputs = {"oneOf": [_tensor(spec) for spec in signature.outputs]} if signature.outputs else {"type": "object"}
    return obj(
        {"model_name": {"type": "string"}, "outputs": _list(outputs)},
        {"model_version": {"type": "string"}, "id": {"type": "string"}},
    )


def invocation_request(signature: Signature) -> dict[str, Any]:
    """The schema of the inputs; any value if the model declares none."""
    if not signature.inputs:
        return {}
    optional = {spec.name for spec in signature.inputs if spec.is_optional}
    wholes = {spec.name: _nested(spec, spec.shape or ()) for spec in signature.inputs}
    rows = {spec.name: _nested(spec, (spec.shape or ())[1:]) for spec in signature.inputs}
    if not takes_table(signature.inputs):
        return {"oneOf": [obj({"inputs": _by_name(wholes, optional)}), obj({"instances": _list(_by_name(rows, optional))})]}
    row = {"anyOf": [_by_name(rows, optional), _ROW]}
    all_rows = {"anyOf": [_by_name(wholes, optional), _by_name(rows, optional), _ROWS]}
    columns = {"columns": _list({"type": "string"}), "index": _list({})}
    ways = [
        obj({"inputs": all_rows}),
        obj({"instances": _list(row)}),
        obj({"dataframe_split": obj({"data": _list(_ROW)}, columns)}),
        obj({"dataframe_records": {**_list({"type": "object"}), "minItems": 1}}),
    ]
    return {"anyOf": [*ways, all_rows]}


def invocation_response(signature: Signature) -> dict[str, Any]:
    wholes = {spec.name: _nested(spec, spec.shape or ()) for spec in signature.outputs}
    if not wholes:
        return {}
    if len(wholes) == 1:
        return obj({"predictions": next(iter(wholes.values()))})
    return obj({"predictions": {"anyOf": [obj(wholes), _rows_of(signature)]}})


def response_by_row(signature: Signature) -> dict[str, Any]:
    if len(signature.outputs) < 2:
        return invocation_response(signature)
    return obj({"predictions": {"anyOf": [_rows_of(signature), {"type": "object"}]}})


def _rows_of(signature: Signature) -> dict[str, Any]:
    return _list(obj({spec.name: _nested(spec, (spec.shape or ())[1:]) for spec in signature.outputs}))


def _by_name(schemas: dict[str, Any], optional: set[str]) -> dict[str, Any]:
    """The schema of outputs or inputs by name; a single one may also be given without its name."""
    required = {name: schema for name, schema in schemas.items() if name not in optional}
    named = obj(required, {name: schemas[name] for name in schemas if name in optional})
    return {"anyOf": [next(iter(schemas.values())), named]} if len(schemas) == 1 else named


def _tensor(spec: TensorSpec) -> dict[str, Any]:
    lengths = [{"type": "integer", "minimum": 0} if dim == -1 else {"const": dim} for dim in spec.shape or ()]
    return obj(
        {
            "name": {"const": spec.name},
            "datatype": {"const": spec.datatype},
            "shape": _list({"type": "integer"}) if spec.shape is None else _tuple(lengths),
            "data": {**_list({}), "description": worded("valuesRowMajor", spec.datatype)},
        }
    )


def _nested(spec: TensorSpec, shape: Iterable[int]) -> dict[str, Any]:
    """Lists nested as deep as `shape`; for a tensor without a declared shape, anything."""
    if not spec.shape:
        return {}
    schema = _VALUES[spec.datatype]
    if spec.takes_null:
        schema = {**schema, "type": [schema["type"], "null"]}
    for dim in reversed(tuple(shape)):
        schema = _list(schema) if dim == -1 else {**_list(schema), "minItems": dim, "maxItems": dim}
    return schema


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _tuple(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
