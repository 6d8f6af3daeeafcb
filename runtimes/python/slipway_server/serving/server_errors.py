from __future__ import annotations

import json
import time
from typing import Any, Awaitable, Callable, Mapping

Env = Mapping[str, str]
Send = Callable[[Any], Awaitable[None]]

# As the bake counts them: src/domain/rollout/refusal-status.ts.
_REFUSALS = (400, 413, 415, 422)

# The adapter's own readiness checks have no such header.
_INVOCATION = "x-amzn-lambda-context"


def counted(env: Env, scope: Any, send: Send) -> Send:
    """
    Counts the requests that were answered with a 5xx, and those that were refused for what they are, only on Lambda, where nobody else does: for Lambda, an answer from the web adapter is a success.
    """
    if not any(key.lower() == _INVOCATION.encode() for key, _ in scope.get("headers", ())):
        return send

    async def counting(message: Any) -> None:
        if message["type"] == "http.response.start":
            if message["status"] >= 500:
                _count(env, "ServerErrors")
            elif message["status"] in _REFUSALS:
                _count(env, "Refusals")
        await send(message)

    return counting


def ends_though_broken(env: Env, header: Callable[[str], "str | None"]) -> bool:
    """
    Whether an answer that failed on its way must end like any other: this is so where the web adapter reads the whole answer before Lambda gets any of it. The adapter does not survive an answer that breaks off,
    and the client would see neither the beginning of the answer nor the reason of its end. The failure is counted like a 5xx.
    """
    if header(_INVOCATION) is None or env.get("AWS_LWA_INVOKE_MODE") != "buffered":
        return False
    _count(env, "ServerErrors")
    return True


def _count(env: Env, metric: str) -> None:
    """
    A line of the log from which CloudWatch takes a metric, by the function's version; and once more with the deployment that made it, which no other model knows: Slipway judges by that.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    name, version = env.get("AWS_LAMBDA_FUNCTION_NAME"), env.get("AWS_LAMBDA_FUNCTION_VERSION")
    if name and version:
        print(_line(metric, name, version, env.get("SLIPWAY_DEPLOYMENT", "")), flush=True)


def _line(metric: str, name: str, version: str, deployment: str) -> str:
    metrics = [{"Name": metric, "Unit": "Count"}]
    own = ["FunctionName", "ExecutedVersion"]
    directive = {"Namespace": "Slipway", "Dimensions": [own, [*own, "Deployment"]] if deployment else [own], "Metrics": metrics}
    aws = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    line = {"_aws": aws, "FunctionName": name, "ExecutedVersion": version, metric: 1}
    line.update({"Deployment": deployment} if deployment else {})
    return json.dumps(line, separators=(",", ":"))
