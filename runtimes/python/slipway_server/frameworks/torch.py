"""Modules that PyTorch saved with their code: TorchScript, and exported programs (.pt2)."""

from __future__ import annotations

import io
import os
import warnings
from typing import Any, Callable, Iterator

import numpy as np

from ..config import Facts
from ..conversion.native import Conversion
from ..model import Model
from ..processors import processors
from ..proof.example import first_example
from ..refusal import Refusal
from ..values.tensors import Signature
from .device import device_of
from .torch_inputs import Argument, asked_by, found_inputs
from ..worded import worded

PLATFORM = "pytorch_torch"
REFUSES_UNKNOWN = False
# torch's converter makes the whole graph, with the names of the signature.
GRAPHS_ARE_WHOLE = True
# Another engine adds the numbers of a layer in another order.
TOLERANCE = 1e-4
# These modules generate Python from a program's graph; inspection has read every name and expression in it.
WRITERS = (os.sep + "typing.py", os.path.join(os.sep, "torch", ""), os.path.join(os.sep, "sympy", ""))
_ONNX_OPSET = 17


def prepare() -> None:
    """Imports PyTorch before the wall around a model stands, because it looks for the system's libraries by starting a program."""
    import torch
    import torch.export
    import torch.export.pt2_archive._package  # noqa: F401

    torch.set_num_threads(processors())
    warnings.simplefilter("ignore")


def load(path: str, facts: Facts) -> Model:
    device = device_of(facts)
    module, arguments, ask = _exported(path, device) if path.lower().endswith(".pt2") else _scripted(path, device)
    call = _caller(ask, arguments, device, getattr(module, "reset_states", None))
    inputs = found_inputs(call, arguments, facts, [tuple(each.shape) for each in _weights(module)])
    return Model(Signature(inputs, facts.signature.outputs if facts.signature else ()), call, native=module, is_network=True)


# Takes the tensors of all arguments in their order.
_Ask = Callable[..., Any]


def _scripted(path: str, device: str) -> tuple[Any, tuple[Argument, ...], _Ask]:
    import torch

    module = torch.jit.load(path, map_location=device)
    module.eval()
    given = module.forward.schema.arguments[1:]
    return module, tuple(Argument(each.name, str(each.type), each.has_default_value()) for each in given), module


def _exported(path: str, device: str) -> tuple[Any, tuple[Argument, ...], _Ask]:
    """The arguments are the tensors that the program was exported with, in lists, in dicts, or by name; numbers stay as they were."""
    import torch
    from torch.export.graph_signature import InputKind, TensorArgument
    from torch.utils._pytree import tree_unflatten

    program = torch.export.load(path)
    if device != "cpu":
        from torch.export.passes import move_to_device_pass

        # This also replaces the devices that the program's graph names.
        program = move_to_device_pass(program, device)
    module = program.module()
    # The program is for conversion, and its module answers.
    module.program = program
    given = [each.arg for each in program.graph_signature.input_specs if each.kind == InputKind.USER_INPUT]
    spec = program.call_spec.in_spec

    def ask(*tensors: Any) -> Any:
        left = iter(tensors)
        args, kwargs = tree_unflatten([next(left) if isinstance(each, TensorArgument) else each.value for each in given], spec)
        return module(*args, **kwargs)

    return module, tuple(Argument(each.name, "Tensor", False) for each in given if isinstance(each, TensorArgument)), ask


def _weights(module: Any) -> list[Any]:
    return [*module.parameters(), *module.buffers()]


def _caller(ask: _Ask, arguments: tuple[Argument, ...], device: str, reset: Callable[[], Any] | None) -> Any:
    """The function that calls the module. A module that remembers its inputs has `reset`, and answers each request as its first."""
    import torch

    def call(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        given = [_given(each, arrays[each.name], device) for each in arguments if each.name in arrays]
        if reset is not None:
            reset()
        try:
            with torch.inference_mode():
                answer = ask(*given)
        except (RuntimeError, ValueError, torch.jit.Error, AssertionError) as error:
            raise Refusal(400, worded("modelRefused", _said(error))) from None
        return _named(answer)

    return call


def _given(argument: Argument, array: np.ndarray, device: str) -> Any:
    import torch

    if argument.kind == "Tensor":
        return torch.from_numpy(np.require(array, requirements=["C", "W"])).to(device)
    if array.size != 1:
        raise Refusal(400, f'input "{argument.name}" is one number, not {array.size}')
    return asked_by(argument.kind)(array.item())


def _said(error: BaseException) -> str:
    """TorchScript puts the reason behind a trace of its code."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    last = lines[-1] if lines else type(error).__name__
    return (last if "Traceback" in str(error) else lines[0] if lines else last)[:300]


def _named(answer: Any) -> dict[str, np.ndarray]:
    """The outputs by the keys of a dict; else in their order, as in exporters: the parts of a tuple within another, such as the states of an LSTM, follow the others."""
    if isinstance(answer, dict):
        return {name: array for key, value in answer.items() for name, array in _numbered(str(key), [value])}
    return dict(_numbered("output", answer if isinstance(answer, (list, tuple)) else [answer]))


def _numbered(name: str, values: Any) -> Iterator[tuple[str, np.ndarray]]:
    parts = [part for value in values for part in _parts(value)]
    return ((name if len(parts) == 1 else f"{name}_{at}", _array(part)) for at, part in enumerate(parts))


def _parts(value: Any) -> Iterator[Any]:
    """The tensors one by one, without empty values; a list of numbers without tensors is one tensor."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)) and (not value or _has_tensor(value)):
        for each in value:
            yield from _parts(each)
    elif value is not None:
        yield value


def _has_tensor(value: Any) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    return any(map(_has_tensor, value)) if isinstance(value, (list, tuple)) else hasattr(value, "detach")


def _array(value: Any) -> np.ndarray:
    import torch

    if isinstance(value, torch.Tensor):
        value = value.detach().cpu()
        array = (value.float() if value.dtype == torch.bfloat16 else value).contiguous().numpy()
    else:
        array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise Refusal(400, f"the model answers {type(value).__name__}, which is not a tensor: trace or export one that answers tensors")
    # The protocol's answers have a dimension of rows.
    return array.reshape(1) if array.ndim == 0 else array


def conversions(model: Model) -> Iterator[Conversion]:
    yield "FP32", lambda: _converted(model)


def _converted(model: Model) -> Any:
    import onnx
    import torch

    answered = first_example(model)
    if answered is None:
        raise ValueError("no inputs of zeros are answered, from which a graph could be made")
    inputs, outputs = model.signature.inputs, model.signature.outputs
    if any(spec.shape == () for spec in inputs):
        raise ValueError("an input is a number that its code branches on, which a graph cannot")
    # Two rows: the exporters would fix a dimension of 1 for ever.
    given = tuple(torch.from_numpy(np.repeat(array, 2, 0) if spec.shape and spec.shape[0] == -1 else array) for spec, array in zip(inputs, answered[0].values()))
    names = {"input_names": [each.name for each in inputs], "output_names": [each.name for each in outputs]}
    program = getattr(model.native, "program", None)
    if program is not None:
        exported = torch.onnx.export(program, dynamo=True, verbose=False, **names)
        return exported.model_proto
    free = {spec.name: [axis for axis, dim in enumerate(spec.shape or ()) if dim == -1] for spec in (*inputs, *outputs)}
    written = io.BytesIO()
    torch.onnx.export(model.native, given, written, dynamo=False, opset_version=_ONNX_OPSET, dynamic_axes=free, **names)
    return onnx.load_from_string(written.getvalue())


def own_model(_value: Any, _facts: Facts) -> None:
    return None


def names(_part: Any) -> tuple[()]:
    return ()


def categories(_part: Any) -> dict[str, np.ndarray]:
    return {}


def thresholds(_model: Any, _width: int) -> Iterator[tuple[int, float]]:
    return iter(())


def register_converters() -> None:
    """No pipeline contains a module of PyTorch."""
