import importlib
import os
import sys


def load_model(path):
    """Loads a model like mlflow.pyfunc.load_model: by PyYAML's safe loader, and the module that the flavour names, from the model's own code."""
    import yaml

    with open(os.path.join(path, "MLmodel"), encoding="utf-8" if not _is_wide(path) else "utf-16") as file:
        flavors = yaml.safe_load(file.read())["flavors"]
    flavor = flavors.get("python_function", {"loader_module": "mlflow.sklearn"})
    if "code" in flavor:
        sys.path.insert(0, os.path.join(path, flavor["code"]))
    if flavor["loader_module"] == "mlflow.sklearn":
        return _sklearn(path, flavors["sklearn"])
    return importlib.import_module(flavor["loader_module"])._load_pyfunc(path)


def _is_wide(path):
    """PyYAML decides this by the first bytes."""
    with open(os.path.join(path, "MLmodel"), "rb") as file:
        return file.read(2) in (b"\xff\xfe", b"\xfe\xff")


def _sklearn(path, flavor):
    import joblib

    return joblib.load(os.path.join(path, flavor["pickled_model"]))
