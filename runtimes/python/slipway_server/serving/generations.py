from __future__ import annotations

import json
import sys
import time
from typing import Any

from falcon.asgi import Request

from ..config import Config
from ..language.measures import Asked, Generation, Tell
from ..protocols.api_gateway import api_context, request_id

# In front of a container, API Gateway itself sends this header.
_KEY_ID = "x-slipway-key-id"


def asked_by(request: Request) -> Asked:
    """The request's time, id and caller. The caller is the id of a key, since keys themselves never come this far."""
    key = request.get_header(_KEY_ID) or _key_of(api_context(request.get_header))
    return Asked(time.monotonic(), request_id(request.get_header), key)


def telling(config: Config) -> Tell:
    """
    Writes a line of the log for each generation. CloudWatch takes metrics from it, by the model's revision, and Slipway's gateway does on one machine.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """

    def tell(generation: Generation) -> None:
        # One write for the whole line, since several threads write.
        sys.stdout.write(line_of(config, generation, int(time.time() * 1000)) + "\n")
        sys.stdout.flush()

    return tell


def line_of(config: Config, generation: Generation, now_ms: int) -> str:
    first, pace = generation.first_seconds, generation.tokens_per_second
    values = {
        "TokensIn": (generation.tokens_in, "Count"),
        "TokensOut": (generation.tokens_out, "Count"),
        "TimeToFirstToken": (first and round(first * 1000, 3), "Milliseconds"),
        "TokensPerSecond": (pace and round(pace, 3), "Count/Second"),
    }
    known = {name: (value, unit) for name, (value, unit) in values.items() if value is not None}
    metrics = [{"Name": name, "Unit": unit} for name, (_, unit) in known.items()]
    own = ["Model", "Revision"]
    directives = [{"Namespace": "Slipway", "Dimensions": [own], "Metrics": metrics}]
    if config.deployment and pace:
        # No other model knows the deployment: Slipway judges only by this metric, since any code can print the other one.
        judged = [each for each in metrics if each["Name"] == "TokensPerSecond"]
        directives.append({"Namespace": "Slipway", "Dimensions": [[*own, "Deployment"]], "Metrics": judged})
    line: dict[str, Any] = {
        "_aws": {"Timestamp": now_ms, "CloudWatchMetrics": directives},
        "Model": config.name,
        "Revision": config.revision or config.name,
        **({"Deployment": config.deployment} if config.deployment else {}),
        **{name: value for name, (value, _) in known.items()},
    }
    about = {"ApiKeyId": generation.asked.key, "RequestId": generation.asked.request}
    line.update({name: value[:128] for name, value in about.items() if value})
    return json.dumps(line, separators=(",", ":"))


def _key_of(context: dict[str, Any]) -> str:
    identity = context.get("identity")
    return str(identity.get("apiKeyId") or "") if isinstance(identity, dict) else ""
