"""How each framework's model is saved: as its framework recommends, and as Slipway takes it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import BuiltinFunctionType, FunctionType
from typing import Any

from . import packages
from .failure import Failure
from .functions import save_function
from .values import json_of


@dataclass(frozen=True)
class Saved:
    """A model on disk: one file or a folder, and the keys of its manifest that follow from it."""

    path: Path
    manifest: Mapping[str, Any]


def save(model: Any, folder: Path, example: Any, requirements: list[str] | None) -> Saved:
    """Saves the model in a new file or folder below `folder`; a path is taken as it is.

    Fails with `InputInvalid` for an object that is none of a framework's, and for a network that
    needs an example and has none.
    """
    if isinstance(model, (str, Path)):
        return Saved(_existing(Path(model)), _build(requirements))
    if isinstance(model, FunctionType):
        target = folder / "function"
        target.mkdir()
        save_function(model, target, requirements)
        return Saved(target, {})
    roots = [base.__module__.split(".", 1)[0] for base in type(model).__mro__]
    for root, saver in SAVERS.items():
        if root in roots:
            path, versions = saver(model, folder, example)
            needed = packages.pinned(versions) if requirements is None else requirements
            return Saved(path, _build(needed or None))
    raise Failure(
        "InputInvalid", f"there is no way to save {_kind(model)} as a model", _advice(model)
    )


def _existing(path: Path) -> Path:
    if path.exists():
        return path
    raise Failure("InputInvalid", f"there is no file or folder {path}")


def _build(requirements: list[str] | None) -> dict[str, Any]:
    return {} if requirements is None else {"build": {"requirements": requirements}}


def _kind(model: Any) -> str:
    return f"an object of {type(model).__module__}.{type(model).__qualname__}"


def _advice(model: Any) -> str:
    if isinstance(model, BuiltinFunctionType) or callable(model):
        return "Define a function by `def` that calls it, and deploy that."
    return (
        "Deploy an estimator of scikit-learn, XGBoost, LightGBM or CatBoost, a torch or Keras model, "
        "an ONNX model, a path, or a function that answers with it."
    )


# A saver's answer: the path, and the modules whose versions the file does not hold.
Saver = Callable[[Any, Path, Any], "tuple[Path, list[str]]"]


def _xgboost(model: Any, folder: Path, example: Any) -> tuple[Path, list[str]]:
    if _is_sklearns(model):
        return _joblib(model, folder, example)
    path = folder / "model.ubj"
    model.save_model(path)
    return path, []


def _lightgbm(model: Any, folder: Path, example: Any) -> tuple[Path, list[str]]:
    if _is_sklearns(model):
        return _joblib(model, folder, example)
    path = folder / "model.lgb"
    model.save_model(str(path))
    return path, ["lightgbm"]


def _is_sklearns(model: Any) -> bool:
    """Whether it is a booster in a class for scikit-learn: that keeps the labels, and which value
    stands for a missing one, and the booster's own file does not."""
    return hasattr(model, "get_params") and hasattr(model, "fit")


def _catboost(model: Any, folder: Path, _: Any) -> tuple[Path, list[str]]:
    path = folder / "model.cbm"
    model.save_model(str(path))
    return path, []


def _joblib(model: Any, folder: Path, _: Any) -> tuple[Path, list[str]]:
    import joblib  # type: ignore[import-untyped,import-not-found,unused-ignore]

    path = folder / "model.joblib"
    joblib.dump(model, path)
    return path, []


def _onnx(model: Any, folder: Path, _: Any) -> tuple[Path, list[str]]:
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path, []


def _keras(model: Any, folder: Path, _: Any) -> tuple[Path, list[str]]:
    path = folder / "model.keras"
    model.save(path)
    return path, []


def _spacy(model: Any, folder: Path, _: Any) -> tuple[Path, list[str]]:
    path = folder / "pipeline"
    model.to_disk(path)
    return path, []


def _torch(model: Any, folder: Path, example: Any) -> tuple[Path, list[str]]:
    import torch  # type: ignore[import-not-found,unused-ignore]

    if isinstance(model, torch.jit.ScriptModule):
        path = folder / "model.pt"
        torch.jit.save(model, str(path))
        return path, []
    path = folder / "model.pt2"
    program = model
    if not isinstance(model, torch.export.ExportedProgram):
        if example is None:
            raise Failure(
                "InputInvalid",
                "a torch module is exported by running it once, and there is no example",
                "Pass example=X: a tensor, a tuple of them, or a dict by the names of `forward`.",
            )
        program = _exported(torch, model, example)
    torch.export.save(program, str(path))
    return path, []


def _exported(torch: Any, model: Any, example: Any) -> Any:
    """The module as it answers, with a batch of any size where the module allows that."""
    model = model.eval()
    given = torch_inputs(model, example)
    batch = torch.export.Dim.AUTO
    shapes = {
        name: {0: batch} if isinstance(value, torch.Tensor) and value.dim() > 0 else None
        for name, value in given.items()
    }
    # A first dimension of 1 would be taken for a constant.
    wide = {
        name: torch.cat([value, value]) if _is_single(torch, value) else value
        for name, value in given.items()
    }
    with torch.no_grad():
        return torch.export.export(model, (), kwargs=wide, dynamic_shapes=shapes)


def _is_single(torch: Any, value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.dim() > 0 and value.shape[0] == 1


def torch_inputs(model: Any, example: Any) -> dict[str, Any]:
    """The example's tensors by the names of the module's arguments."""
    import torch

    names = list(inspect.signature(model.forward).parameters)
    if isinstance(example, Mapping):
        given = dict(example)
    else:
        values = example if isinstance(example, tuple) else (example,)
        given = dict(zip(names, values))
    return {
        name: torch.as_tensor(json_of(value)) if not isinstance(value, torch.Tensor) else value
        for name, value in given.items()
    }


# The first that is a base of the model's class saves it: XGBoost's classes are scikit-learn's too.
SAVERS: dict[str, Saver] = {
    "xgboost": _xgboost,
    "lightgbm": _lightgbm,
    "catboost": _catboost,
    "onnx": _onnx,
    "keras": _keras,
    "spacy": _spacy,
    "torch": _torch,
    "sklearn": _joblib,
}
