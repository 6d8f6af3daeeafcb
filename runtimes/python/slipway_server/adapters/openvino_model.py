"""Models that OpenVINO reads without the framework that made them: TensorFlow Lite, and TensorFlow's SavedModel."""

from __future__ import annotations

import re
import sys
from typing import Any

import numpy as np

from ..config import Facts
from ..model import Model
from ..processors import processors
from ..refusal import Refusal, message_of
from ..values.tensors import Signature, TensorSpec

PLATFORM = "openvino"
AHEAD = ("openvino",)
# On processors with 16-bit floats OpenVINO would compute in these.
_EXACT = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": "1"}


def load(path: str, facts: Facts) -> Model:
    """Its inputs and outputs are those that inspection found; a file that OpenVINO takes for another model is refused."""
    if facts.signature is None:
        raise ValueError("its facts have no signature")
    compiled = compiled_graph(path)
    named = facts.tensor_names
    inputs = _ports(compiled.inputs, facts.signature.inputs, named.inputs if named else None, "input")
    outputs = _ports(compiled.outputs, facts.signature.outputs, named.outputs if named else None, "output")
    return network(compiled, facts.signature, inputs, outputs)


def compiled_graph(graph: Any) -> Any:
    """A graph, or the path of one, made ready for this machine's processor."""
    # Its telemetry belongs to its command line, which nothing here runs: without the module, even that could not send anything.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    core = openvino.Core()
    try:
        read = core.read_model(graph) if isinstance(graph, str) else graph
        return core.compile_model(read, "CPU", {**_EXACT, "INFERENCE_NUM_THREADS": str(processors())})
    except RuntimeError as error:
        raise Refusal(400, _refusal(message_of(error))) from None


def network(compiled: Any, signature: Signature, inputs: list[Any] | None = None, outputs: list[Any] | None = None) -> Model:
    """A graph that is called through its ports, in the signature's order."""
    names = [spec.name for spec in signature.inputs]
    answers = list(zip([spec.name for spec in signature.outputs], outputs or compiled.outputs))
    ports = inputs or list(compiled.inputs)
    request = compiled.create_infer_request()

    def predict(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        found = request.infer({port: arrays[name] for name, port in zip(names, ports)}, share_inputs=True)
        return {name: np.array(found[port]) for name, port in answers}

    return Model(signature, predict, is_network=True)


def _ports(ports: list[Any], specs: tuple[TensorSpec, ...], names: tuple[str, ...] | None, role: str) -> list[Any]:
    by_name = {name: port for port in ports for name in port.get_names()}
    wanted = names or tuple(spec.name for spec in specs)
    if len(specs) != len(ports) or any(name not in by_name for name in wanted):
        raise ValueError(f"OpenVINO finds the {role}s {sorted(by_name)}, inspection found {list(wanted)}")
    return [by_name[name] for name in wanted]


# The messages of OpenVINO's frontends about operators that they do not support.
_LACKING = re.compile(r"[^\n]*(?:No translator found|No conversion rule|not supported|unsupported|not implemented)[^\n]{0,300}", re.IGNORECASE)


def _refusal(message: str) -> str:
    lacking = _LACKING.search(message)
    return (
        f"OpenVINO cannot serve the model: {(lacking.group(0) if lacking else message[-500:]).strip()}. "
        "Convert it without that operator, or put it in a folder with a predict.py that loads it by its own framework"
    )
