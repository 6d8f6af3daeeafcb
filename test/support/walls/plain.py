"""Loads files as their frameworks do, with no list of names and no hook, and then uses the objects as a server does."""

import atexit
import base64
import importlib
import io
import json
import marshal
import os
import pickle
import sys
import tarfile
import threading
import types
import zipfile

from world import CHANGED, SCRATCH

# Stands for a server's first request, which triggers code that waits in a model.
TOUCH = "touch canary-command"


def pickled(path, _case):
    with open(path, "rb") as file:
        _seen(pickle.load(file))


def pickles(path, _case):
    with open(path, "rb") as file:
        while True:
            try:
                pickle.load(file)
            except EOFError:
                return


def used(path, _case):
    with open(path, "rb") as file:
        _shown(pickle.load(file))


def _shown(made):
    print(made)
    if getattr(made, "nbytes", 0) > 2**34:
        raise MemoryError


def asked(path, _case):
    """And asks the model, as its first request would."""
    _asked(_skops(path) if path.endswith(".skops") else _joblib(path))


def _asked(made):
    request = getattr(made, "slipway_request", TOUCH)
    for method in ("predict", "transform"):
        if hasattr(made, method):
            return _seen(getattr(made, method)(request))


def joblibs(path, _case):
    _seen(_joblib(path))


def skops_file(path, _case):
    _seen(_skops(path))


def _joblib(path):
    import joblib

    return joblib.load(path)


def _skops(path):
    from skops import io as skops_io

    return skops_io.load(path, trusted=skops_io.get_untrusted_types(file=path))


def unpacked_tar(path, _case):
    out = os.path.join(SCRATCH, "out")
    with tarfile.open(path) as archive:
        archive.extractall(out, **({"filter": "fully_trusted"} if hasattr(tarfile, "fully_trusted_filter") else {}))
    _model_in(out)


def tar_on_and_on(path, _case):
    """Reads all archives of a file in which several were put together, like `tar --ignore-zeros`."""
    out = os.path.join(SCRATCH, "out")
    with tarfile.open(path, ignore_zeros=True) as archive:
        archive.extractall(out)
    _model_in(out)


def unzipped(path, _case):
    out = os.path.join(SCRATCH, "out")
    with zipfile.ZipFile(path) as archive:
        archive.extractall(out)
    _model_in(out)


def joined_zip(path, _case):
    """Unpacks by the names as they are written, as much code does."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            to = os.path.join(SCRATCH, "out", name)
            os.makedirs(os.path.dirname(to), exist_ok=True)
            with open(to, "wb") as file:
                file.write(archive.read(name))
    _model_in(os.path.join(SCRATCH, "out"))


def streamed_zip(path, _case):
    """Reads a zip as it arrives, like a streaming reader: by the header before each file, without the directory."""
    with open(path, "rb") as file:
        data = file.read()
    out, at = os.path.join(SCRATCH, "out"), data.find(b"PK\x03\x04")
    os.makedirs(out)
    while at >= 0:
        size, name = int.from_bytes(data[at + 18 : at + 22], "little"), int.from_bytes(data[at + 26 : at + 28], "little")
        start = at + 30 + name + int.from_bytes(data[at + 28 : at + 30], "little")
        with open(os.path.join(out, os.path.basename(data[at + 30 : at + 30 + name].decode())), "wb") as member:
            member.write(data[start : start + size])
        at = data.find(b"PK\x03\x04", start + size)
    _model_in(out)


def _model_in(folder):
    """Loads a model like SageMaker's containers: by its handlers where there are some, else the only model."""
    handlers = os.path.join(folder, "code", "inference.py")
    if os.path.exists(handlers):
        return _imported(handlers)
    for name in ("model.pkl", "model.joblib"):
        path = os.path.join(folder, name)
        if os.path.exists(path):
            with open(path, "rb") as file:
                content = file.read()
            sys.stdout.write(content.decode("latin-1") if len(content) < 10_000 else "")
            sys.stdout.flush()
            return joblibs(path, None)


def code(path, case):
    file, _, name = case["facts"]["entrypoint"].partition(":")
    module = _imported(os.path.join(path, file))
    return getattr(module, name)


def _imported(path):
    import importlib.util

    spec = importlib.util.spec_from_file_location("entry", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def mlflow_folder(path, _case):
    import mlflow.pyfunc

    mlflow.pyfunc.load_model(path)


def yaml_of_old(path, _case):
    """Reads YAML like PyYAML before 5.1, or like later versions that are asked to."""
    import yaml

    with open(os.path.join(path, "MLmodel")) as file:
        yaml.load(file, Loader=yaml.UnsafeLoader)


def torch_file(path, _case):
    """Reads a file as torch did before 2.6, and still does with `weights_only=False`: by Python's unpickler, with storages by their names."""
    with open(path, "rb") as file:
        _torch(file.read())


_OF_TORCH = ("data.pkl", "constants.pkl", "traced_inputs.pkl")


def _torch(data):
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                content = archive.read(name)
                if os.path.basename(name).lower() in _OF_TORCH or zipfile.is_zipfile(io.BytesIO(content)):
                    _torch(content)
    elif tarfile.is_tarfile(io.BytesIO(data)):
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            _torch(archive.extractfile("pickle").read())
    else:
        _unpickled(io.BytesIO(data))


class _Unpickler(pickle.Unpickler):
    def persistent_load(self, named):
        return named

    def find_class(self, module, name):
        """torch's own classes do not matter here, nor do the classes whose code is in the file."""
        return _OfTorch if module.partition(".")[0] in ("torch", "__torch__") else super().find_class(module, name)


class _OfTorch:
    def __init__(self, *given):
        self.given = given

    def __setstate__(self, state):
        self.state = state


def _unpickled(file):
    """Reads the pickles of a file from before torch 1.6, which follow each other."""
    while True:
        try:
            print(_Unpickler(file).load())
        except EOFError:
            return


def code_of_folder(path, _case):
    """Runs the file that a folder names, like transformers with `trust_remote_code`, and sentence-transformers."""
    for name in os.listdir(path):
        if not name.endswith(".json"):
            continue
        with open(os.path.join(path, name)) as file:
            for each in _named_code(json.load(file)):
                module = each.rpartition("--")[2].partition(".")[0]
                _imported(os.path.join(path, f"{module}.py"))


def _named_code(said):
    """A network within another is made by its own configuration."""
    if isinstance(said, list):
        return [each["type"] for each in said if isinstance(each, dict) and "type" in each] + [name for each in said if isinstance(each, (dict, list)) for name in _named_code(each)]
    named = list(said.get("auto_map", {}).values()) + [each["impl"] for each in said.get("custom_pipelines", {}).values()]
    within = [name for each in said.values() if isinstance(each, (dict, list)) for name in _named_code(each)]
    return [one for each in named for one in (each if isinstance(each, list) else [each]) if one] + within


def template(path, _case):
    """Renders a chat template by Jinja without a sandbox."""
    import jinja2

    for text in _templates(path):
        print(jinja2.Environment().from_string(text).render(messages=[{"role": "user", "content": "Hello"}]))


def _templates(path):
    for at, _, names in os.walk(path):
        for name in names:
            with open(os.path.join(at, name), errors="replace") as file:
                if name.endswith(".jinja"):
                    yield file.read()
                elif name in ("tokenizer_config.json", "chat_template.json"):
                    said = json.load(file).get("chat_template", [])
                    yield from [said] if isinstance(said, str) else [each["template"] for each in said]


def keras_zip(path, _case):
    with zipfile.ZipFile(path) as archive:
        _lambdas(json.loads(archive.read("config.json")))


def keras_hdf5(path, _case):
    import h5py

    with h5py.File(path) as file:
        _lambdas(json.loads(file.attrs["model_config"]))


def _lambdas(config):
    """Makes a lambda from its bytecode and calls it as its model is made, like Keras without `safe_mode`."""
    if isinstance(config, list):
        for each in config:
            _lambdas(each)
    elif isinstance(config, dict):
        function = config.get("function")
        code = function[0] if isinstance(function, list) else config.get("code")
        if isinstance(code, str):
            types.FunctionType(marshal.loads(base64.b64decode(code)), globals())(None)
        for each in config.values():
            _lambdas(each)


def tokenizer(path, _case):
    """Encodes 41 letters, as a server would: after a search that took too long the library raises an error that is not an Exception, and that ends the server."""
    import tokenizers

    made = tokenizers.Tokenizer.from_file(os.path.join(path, "tokenizer.json"))
    try:
        made.encode("a" * 40 + "!")
    except Exception:
        raise
    except BaseException:
        os.abort()


def spacy_pipeline(path, _case):
    """Loads a pipeline like spaCy, whose registry has this function among others: references in `nlp` and `components` are resolved before functions are called."""
    import confection
    import yaml

    def read_yaml(path: str):
        with open(path) as file:
            return yaml.safe_load(file)

    class registry(confection.registry):
        readers = {"srsly.read_yaml.v1": read_yaml}

    config = confection.Config().from_disk(os.path.join(path, "config.cfg"))
    for section in ("nlp", "components"):
        print(registry.resolve({section: config.get(section, {})}))


def requirements(path, _case):
    """Evaluates a marker as Python."""
    with open(os.path.join(path, "requirements.txt")) as file:
        for line in file:
            eval(line.partition(";")[2].strip() or "None", {"python_version": "3.11", "extra": ""})


def xgboost_model(path, _case):
    import xgboost

    booster = xgboost.Booster()
    booster.load_model(path)
    _xgboost_asked(booster)


def _xgboost_asked(booster):
    import numpy
    import xgboost

    booster.predict(xgboost.DMatrix(numpy.zeros((1, booster.num_features()), numpy.float32)))


def lightgbm_model(path, _case):
    import lightgbm

    _lightgbm_asked(lightgbm.Booster(model_file=path))


def _lightgbm_asked(booster):
    import numpy

    booster.predict(numpy.zeros((1, booster.num_feature())))


def node(path, case):
    os.execv(case["node"][0], [*case["node"], path])


def _seen(made):
    """Prints an object's texts, and runs what it left for the end of the process."""
    threading._shutdown()
    atexit._run_exitfuncs()
    if hasattr(made, "tobytes"):
        sys.stdout.write(made.tobytes().decode("latin-1")[:10_000])
    elif isinstance(made, io.IOBase):
        sys.stdout.write(str(made.read()))
    sys.stdout.write(repr(made)[:10_000])
    sys.stdout.flush()


# The uses of a model after it is loaded.
ASKED = {"ask": _asked, "use": _shown, "xgboost": _xgboost_asked, "lightgbm": _lightgbm_asked}

READERS = {
    "pickle": pickled,
    "load": pickled,
    "all": pickles,
    "use": used,
    "ask": asked,
    "joblib": joblibs,
    "skops": skops_file,
    "tar": unpacked_tar,
    "tars": tar_on_and_on,
    "zip": unzipped,
    "joined zip": joined_zip,
    "streamed zip": streamed_zip,
    "code": code,
    "mlflow": mlflow_folder,
    "yaml": yaml_of_old,
    "xgboost": xgboost_model,
    "lightgbm": lightgbm_model,
    "torch": torch_file,
    "code of a folder": code_of_folder,
    "template": template,
    "keras": keras_zip,
    "keras in HDF5": keras_hdf5,
    "tokenizer": tokenizer,
    "spacy": spacy_pipeline,
    "requirements": requirements,
    "onnx": node,
    "manifest": node,
}


def load(path, case):
    before = _classes()
    try:
        READERS[case["reader"]](path, case)
    finally:
        if _classes() != before:
            print(CHANGED)


# A few of those that every server has.
_WATCHED = (("builtins", None), ("joblib.numpy_pickle", "NumpyArrayWrapper"), ("sklearn.svm", "SVC"), ("sklearn.linear_model", "LogisticRegression"), ("sklearn.base", "BaseEstimator"))


def _classes():
    seen = []
    for module, name in _WATCHED:
        holder = importlib.import_module(module)
        if name is not None and sys.modules.get(module) is not holder:
            seen.append(module)
        of = holder if name is None else getattr(holder, name, None)
        # Names that Python itself sets anew do not count as a class's own.
        seen.append([(key, id(value)) for key, value in sorted(vars(of).items() if of else ()) if name is not None or key != "_"])
    return seen
