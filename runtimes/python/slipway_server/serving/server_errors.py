from __future__ import annotations

import json
import time
from typing import Any, Awaitable, Callable, Mapping

Send = Callable[[Any], Awaitable[None]]


def counted(env: Mapping[str, str], scope: Any, send: Send) -> Send:
    """
    Counts the requests that were answered with a 5xx, on Lambda alone, where nobody else does: to Lambda, what the web adapter hands on is a success.
    It is a line of the log that CloudWatch takes a metric from, by the function's version.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    name, version = env.get("AWS_LAMBDA_FUNCTION_NAME"), env.get("AWS_LAMBDA_FUNCTION_VERSION")
    # The adapter's own looks whether the server is ready have no such header.
    is_request = any(key.lower() == b"x-amzn-lambda-context" for key, _ in scope.get("headers", ()))
    if not name or not version or not is_request:
        return send

    async def counting(message: Any) -> None:
        if message["type"] == "http.response.start" and message["status"] >= 500:
            print(_line(name, version), flush=True)
        await send(message)

    return counting


def _line(name: str, version: str) -> str:
    metrics = [{"Name": "ServerErrors", "Unit": "Count"}]
    directive = {"Namespace": "Slipway", "Dimensions": [["FunctionName", "ExecutedVersion"]], "Metrics": metrics}
    aws = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    line = {"_aws": aws, "FunctionName": name, "ExecutedVersion": version, "ServerErrors": 1}
    return json.dumps(line, separators=(",", ":"))
