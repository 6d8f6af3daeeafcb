"""
Grows inputs by the branches of Python's own readers that they reach, with Atheris: `fuzz-coverage.py CORPUS SEEDS [options of libFuzzer]`.
READER in the environment is one of pickle, zip, tar, mlmodel. `-max_total_time=40` sets the time, `-merge=1 SMALLEST CORPUS` keeps the fewest inputs that reach as much.
It needs `pip install atheris pyyaml`. The kept inputs are in test/fixtures/fuzz/atheris.json.gz, the files of each reader in base64.
"""

import io
import os
import sys

import atheris

with atheris.instrument_imports(include=["pickle", "pickletools", "zipfile", "tarfile", "yaml"]):
    import pickle
    import pickletools
    import tarfile
    import zipfile

    import yaml


class Harmless(pickle._Unpickler):
    """Names are classes that do nothing: an input may name any."""

    def find_class(self, module, name):
        return type(name, (), {"__setstate__": lambda self, state: None, "__init__": lambda self, *args, **named: None})


def read_pickle(data):
    list(pickletools.genops(data))
    Harmless(io.BytesIO(data)).load()


def read_zip(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            archive.read(info)


def read_tar(data):
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content:
                content.read(10_000)


def read_mlmodel(data):
    yaml.load(data.decode(), yaml.SafeLoader)


READ = {"pickle": read_pickle, "zip": read_zip, "tar": read_tar, "mlmodel": read_mlmodel}[os.environ["READER"]]


def try_one(data):
    try:
        READ(data)
    except Exception:
        # Most inputs end in a refusal.
        pass


atheris.Setup(sys.argv, try_one)
atheris.Fuzz()
