"""Loads files as the model server does, which learns from nobody what is in them: every file that an archive's usual reader lists, and from a folder the files that it names itself."""

import os
import tarfile
import zipfile
from dataclasses import replace

import yaml
from plain import ASKED
from world import FACTS, SCRATCH

from slipway_server.adapters import load_model
from slipway_server.config import Data, read_facts
from slipway_server.unpack import unpack


def load(path, case):
    if case["facts"]["format"] == "sagemaker":
        out = os.path.join(SCRATCH, "out")
        unpack(path, out, _listed(path))
        path = out
    facts = read_facts(FACTS)
    if facts.format == "mlflow":
        facts = replace(facts, data=_flavour(path))
    model = load_model(os.path.abspath(path), facts)
    if case["reader"] in ASKED:
        ASKED[case["reader"]](model.native)


def _flavour(path):
    """The flavour as PyYAML reads it; None where a module of the model's own loads it."""
    with open(os.path.join(path, "MLmodel"), "rb") as file:
        flavors = yaml.safe_load(file)["flavors"]
    is_code = flavors.get("python_function", {}).get("loader_module", "mlflow.sklearn") != "mlflow.sklearn"
    return None if is_code else Data(flavors["sklearn"]["pickled_model"], "sklearn", None)


def _listed(path):
    if zipfile.is_zipfile(path) and not tarfile.is_tarfile(path):
        return {"isGzipped": False, "members": [_zipped(path, each) for each in zipfile.ZipFile(path).infolist()]}
    with open(path, "rb") as file:
        is_gzipped = file.read(2) == b"\x1f\x8b"
    with tarfile.open(path) as archive:
        return {"isGzipped": is_gzipped, "members": [_member(each.name, each.offset_data, each.size) for each in archive if not each.isdir()]}


def _zipped(path, info):
    with open(path, "rb") as file:
        file.seek(info.header_offset + 26)
        lengths = file.read(4)
    start = info.header_offset + 30 + int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little")
    return {**_member(info.orig_filename, start, info.file_size), "storedBytes": info.compress_size, "isDeflated": info.compress_type == 8, "crc": info.CRC}


def _member(name, offset, size):
    return {"name": name, "offset": offset, "sizeBytes": size, "storedBytes": size, "isDeflated": False, "crc": None}
