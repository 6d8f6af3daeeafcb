"""A worker: it loads a model with the server's own adapters, and answers frames on a socket, one after another. It has no HTTP and no port.

A frame is two lengths (uint32, little-endian), JSON of the first length, and bytes of the second: arrays side by side, or a body."""

import json
import math
import os
import socket
import struct
import sys

import numpy as np

from slipway_server.adapters import load_model
from slipway_server.config import facts_of
from slipway_server.loading.loaded import with_outputs
from slipway_server.refusal import Refusal
from slipway_server.values.tensors import datatype_of

TYPES = {"BOOL": "?", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8"} | {
    f"{sign}INT{bits}": f"<{kind}{bits // 8}" for sign, kind in (("", "i"), ("U", "u")) for bits in (8, 16, 32, 64)
}


class Frames:
    def __init__(self, sock):
        self._sock, self._reader = sock, sock.makefile("rb", 2**16)

    def read(self):
        head = self._reader.read(8)
        if len(head) < 8:
            os._exit(0)
        said, more = struct.unpack("<II", head)
        return json.loads(self._reader.read(said)), self._reader.read(more)

    def write(self, message, *pieces):
        said = json.dumps(message).encode()
        self._sock.sendall(b"".join((struct.pack("<II", len(said), sum(map(len, pieces))), said, *pieces)))


def main(frames):
    with open(os.environ["MODEL_FACTS"], encoding="utf-8") as file:
        facts = facts_of(json.load(file))
    model = with_outputs(load_model(os.environ["MODEL_PATH"], facts), facts)
    frames.write({"signature": model.signature.json(), "isCode": model.invoke is not None})
    while True:
        asked, tail = frames.read()
        try:
            if "inputs" in asked:
                outputs = model.predict(arrays_of(asked["inputs"], tail))
                told = [{"name": name, "datatype": datatype_of(array), "shape": array.shape} for name, array in outputs.items()]
                pieces = [bytes_of(array) for array in outputs.values()]
                frames.write({"id": asked["id"], "outputs": [{**each, "bytes": len(piece)} for each, piece in zip(told, pieces)]}, *pieces)
            else:
                invoked(frames, model, asked, tail)
        except Refusal as refused:
            frames.write({"id": asked["id"], "refused": refused.message, "status": refused.status})


def invoked(frames, model, asked, body):
    content, type_ = model.invoke(body, asked["type"], asked["accept"])
    if isinstance(content, bytes):
        frames.write({"id": asked["id"], "type": type_, "isLast": True}, content)
        return
    for piece in content:
        frames.write({"id": asked["id"], "type": type_, "isLast": False}, piece)
    frames.write({"id": asked["id"], "type": type_, "isLast": True})


def arrays_of(specs, tail):
    arrays, at = {}, 0
    for spec in specs:
        if spec["datatype"] == "BYTES":
            end = at + spec["bytes"]
            array = np.array(json.loads(tail[at:end]), dtype=object)
        else:
            type_, count = np.dtype(TYPES[spec["datatype"]]), math.prod(spec["shape"])
            end = at + count * type_.itemsize
            array = np.frombuffer(tail, type_, count, at)
        arrays[spec["name"]] = array.reshape(spec["shape"])
        at = end
    return arrays


def bytes_of(array):
    return json.dumps(array.ravel().tolist()).encode() if datatype_of(array) == "BYTES" else np.ascontiguousarray(array).tobytes()


if __name__ == "__main__":
    main(Frames(socket.socket(fileno=int(sys.argv[1]))))
