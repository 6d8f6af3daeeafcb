"""
Loads a model that may be converted to ONNX once for a build, converts it and describes it: `python -m slipway_server.convert --out model.onnx [--int8]`, with the server's MODEL_PATH and MODEL_FACTS.
Keeps the conversion if it answers the golden rows as the framework did. Writes to stdout a line of JSON as `describe` does, with `conversion` beside:
{converted, reason, rows, maxDifference, onnxMicros, measured, batching}, with --int8 also `int8`, {kept, reason}; null where there are no rows to compare it on.
"""

from __future__ import annotations

if __name__ == "__main__":
    from .walls import enter_or_end

    # Before any package is imported: packages start threads, which would stay outside the walls.
    enter_or_end()

import argparse  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402
from typing import Any  # noqa: E402

# onnxruntime sends usage events unless this is set before it loads.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

from .compiled import uncompiled  # noqa: E402
from .conversion.compare import TOLERANCE, by_size, by_spread  # noqa: E402
from .conversion.trial import Asked, asked_of, guarded_graph, tried  # noqa: E402
from .describe import Description, described, ended_by, own_stdout, tell  # noqa: E402
from .frameworks import framework_of  # noqa: E402
from .model import Model, spec_like  # noqa: E402
from .proof.golden import tensors_of  # noqa: E402
from .proof.unknowns import Place  # noqa: E402
from .refusal import message_of  # noqa: E402
from .stderr import say  # noqa: E402
from .values.tensors import Signature  # noqa: E402


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="slipway_server.convert")
    parser.add_argument("--out", required=True, help="where to write the ONNX model")
    parser.add_argument("--int8", action="store_true", help="whether to quantize it, if its answers hold")
    given = parser.parse_args(arguments)
    out = own_stdout()
    found = described()
    conversion = None if found.golden is None else _attempted(found, given.out, given.int8)
    tell(out, {**found.told, "conversion": conversion, "uncompiled": uncompiled()})
    out.close()


def _attempted(found: Description, out: str, is_int8: bool) -> dict[str, Any]:
    # A stage of the build; src/domain/build/build-progress.ts reads this line.
    say(f"progress: converting, {found.told['rows']} golden rows")
    report: dict[str, Any] = {"converted": False, "rows": 0, "maxDifference": None, "onnxMicros": None}
    try:
        report.update(_converted(found.model, found.golden or {}, out, is_int8))
    except Exception as error:
        report["reason"] = message_of(error)[:500]
    return report


def _converted(model: Model, golden: dict[str, Any], out: str, is_int8: bool) -> dict[str, Any]:
    framework = framework_of(model.native)
    if hasattr(framework, "converted_whole"):
        report: dict[str, Any] = framework.converted_whole(model, out, is_int8)
        return {**report, **_quantized(framework, model, out)} if is_int8 and report["converted"] else report
    inputs, outputs = tensors_of(golden["inputs"]), tensors_of(golden["outputs"])
    refused = [(Place(each["name"], each["index"], each["isMissing"]), each["inputs"] and tensors_of(each["inputs"])) for each in golden["refused"]]
    specs = tuple(spec_like(name, array) for name, array in outputs.items())
    described = model._replace(signature=Signature(model.signature.inputs, specs))
    is_whole, tolerance = getattr(framework, "GRAPHS_ARE_WHOLE", False), getattr(framework, "TOLERANCE", TOLERANCE)
    asked = Asked(described, inputs, outputs, refused, []) if is_whole else asked_of(described, inputs, outputs, refused)
    reports: list[dict[str, Any]] = []
    for precision, convert in framework.conversions(asked.model):
        if is_whole:
            report = tried(convert, asked, out, tolerance, by_size)
        else:
            report = tried(lambda convert=convert: guarded_graph(convert(), asked), asked, out, tolerance, by_spread)
        if report["converted"]:
            harder = sum(len(next(iter(group.rows.values()))) for group, _ in asked.hard)
            rows = f"{report['rows']} golden rows" if is_whole else f"{report['rows']} golden rows and {harder} harder ones"
            measured = "" if is_whole else ", by the spread of the answers"
            return {**report, "reason": f"it answers {rows} as {_name(model)} does, in {precision}{measured}"}
        reports.append(report)
    # The attempt that compared the most rows says the most.
    return max(reports, key=lambda each: each.get("rows", 0), default={"reason": "there is no converter for it"})


def _quantized(framework: Any, model: Model, out: str) -> dict[str, Any]:
    """The report on `int8`, with the time for a text where the int8 model serves."""
    try:
        found: dict[str, Any] = framework.quantized(model, out)
    except Exception as error:
        return {"int8": {"kept": False, "reason": message_of(error)[:500]}}
    times = {name: found.pop(name) for name in ("onnxMicros", "measured")} if found["kept"] else {}
    return {"int8": found, **times}


def _name(model: Model) -> str:
    return type(model.native).__module__.partition(".")[0]


if __name__ == "__main__":
    ended_by(lambda: main(sys.argv[1:]))
