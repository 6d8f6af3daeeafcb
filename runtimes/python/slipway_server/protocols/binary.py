"""The binary tensor data extension: raw little-endian values after the JSON; each BYTES value follows its length."""

from __future__ import annotations

from math import prod

import numpy as np

from ..refusal import Refusal
from ..values.packing import DTYPES
from ..values.tensors import TensorSpec, check_shape, show_shape
from ..worded import worded

HEADER = "inference-header-content-length"


def split_body(header: str, body: bytes) -> tuple[bytes, memoryview]:
    """Splits a body into the JSON and the rest. If the JSON is empty, the body is one raw tensor."""
    if not header.isascii() or not header.isdigit() or int(header) > len(body):
        takes = worded("upToBytesOfBody", len(body))
        raise Refusal(400, worded("jsonLengthTakes", header, takes))
    length = int(header)
    return body[:length], memoryview(body)[length:]


class Tail:
    """The bytes after the JSON, consumed tensor by tensor in the order of the request's inputs."""

    def __init__(self, bytes_: memoryview | None) -> None:
        self._bytes = bytes_

    def take(self, size: object, label: str) -> memoryview:
        if self._bytes is None:
            raise Refusal(400, worded("binarySizeWithoutHeader", label))
        if isinstance(size, bool) or not isinstance(size, int) or not 0 <= size <= len(self._bytes):
            takes = worded("upToBytesLeft", len(self._bytes))
            raise Refusal(400, worded("binarySizeTakes", label, size, takes))
        taken, self._bytes = self._bytes[:size], self._bytes[size:]
        return taken

    def check_empty(self) -> None:
        if self._bytes:
            raise Refusal(400, worded("bytesAfterLastTensor", len(self._bytes)))


def read_binary(spec: TensorSpec, shape: list[int], data: memoryview) -> np.ndarray:
    label = f'input "{spec.name}"'
    check_shape(spec, shape, label)
    if spec.datatype == "BYTES":
        return _read_texts(shape, data, label)
    dtype = DTYPES[spec.datatype]
    expected = prod(shape) * dtype.itemsize
    if len(data) != expected:
        takes = worded("shapeTakesBytes", show_shape(shape), spec.datatype, expected)
        raise Refusal(400, f"{label} has {len(data)} bytes; {takes}")
    if spec.datatype == "BOOL" and len(data) > 0 and int(np.frombuffer(data, np.uint8).max()) > 1:
        raise Refusal(400, worded("notABooleanByte", label))
    # A copy: a request's bytes are read-only, and models may write to their inputs.
    return np.frombuffer(data, dtype).reshape(shape).copy()


def read_raw(spec: TensorSpec, data: memoryview) -> np.ndarray:
    """A body that is just the only input's bytes: its length determines the one free dimension."""
    shape = list(spec.shape or ())
    label = f'input "{spec.name}"'
    if spec.shape is None or shape.count(-1) > 1 or spec.datatype == "BYTES":
        raise Refusal(400, f"{label} cannot be a raw body; it takes one free dimension at most, and no BYTES")
    row_bytes = prod(dim for dim in shape if dim != -1) * DTYPES[spec.datatype].itemsize
    free = len(data) // row_bytes if row_bytes else 0
    return read_binary(spec, [free if dim == -1 else dim for dim in shape], data)


def write_binary(array: np.ndarray) -> bytes:
    if array.dtype.kind in "OUS":
        texts = [str(value).encode("utf-8", "replace") for value in array.ravel().tolist()]
        return b"".join(len(text).to_bytes(4, "little") + text for text in texts)
    return np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()


def _read_texts(shape: list[int], data: memoryview, label: str) -> np.ndarray:
    texts = []
    at = 0
    while at < len(data):
        end = at + 4 + int.from_bytes(data[at : at + 4], "little")
        if at + 4 > len(data) or end > len(data):
            raise Refusal(400, worded("endsWithinText", label, at))
        try:
            text = str(data[at + 4 : end], "utf-8")
        except UnicodeDecodeError:
            raise Refusal(400, f"{label} has a text at byte {at} that is not UTF-8") from None
        if "\0" in text:
            raise Refusal(400, f"{label} has a text at byte {at} with NUL")
        texts.append(text)
        at = end
    if len(texts) != prod(shape):
        raise Refusal(400, worded("valuesForShape", label, len(texts), show_shape(shape), prod(shape)))
    array = np.empty(len(texts), dtype=object)
    array[:] = texts
    return array.reshape(shape)
