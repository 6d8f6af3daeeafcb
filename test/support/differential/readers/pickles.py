"""Reads pickles by `pickle.loads` in C, by `pickletools.genops`, and joblib's files by Python's own unpickler."""

import hashlib
import io
import pickle
import pickletools

import joblib  # noqa: F401
from joblib import numpy_pickle
from values import difference as of_values


def difference(data, found, names):
    is_plain = not found["isJoblib"] and not found["isCompressed"]
    if is_plain:
        made = pickle.loads(data)
        told = _compared("pickle", found, made, names) or _opcodes(data, found)
        if told:
            return told
        names.clear()
    made = numpy_pickle.load(io.BytesIO(data))
    return _compared("joblib", found, made, names)


def _compared(reader, found, made, names):
    known = {tuple(name) for name in found["names"]}
    others = [name for name in names if tuple(name) not in known]
    if others:
        return f"{reader} names {others[0]}, which inspection did not find"
    told = of_values(found["root"], made)
    return told and f"{reader}: {told}"


def _opcodes(data, found):
    digest = hashlib.sha1()
    try:
        for opcode, _, at in pickletools.genops(data):
            digest.update(f"{opcode.name}@{at}\n".encode())
    except Exception:
        # It reads texts more strictly than the unpicklers do.
        return None
    return None if digest.hexdigest() == found["opcodes"] else "pickletools sees other opcodes"
