"""
Sends requests to this container's own server, for a build's smoke test: without a network it cannot be reached from outside.
`python -m slipway_server.ask` waits until it is ready; with a PATH it posts standard input, with PATH TIMES so many times one after another. Both print {status, body} of the last answer,
and its `times` (ms) and `cpuMs`, the CPU time of the container for them, null where its cgroup does not show it.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import sys
import time
from typing import Any

_POLL_SECONDS = 0.025


def ready() -> dict[str, Any]:
    """The caller sets the time limit; when the server ends, so does this process."""
    while True:
        try:
            answer = _ask("GET", "/ping", None)
            if answer["status"] == 200:
                return answer
        except OSError:
            pass
        time.sleep(_POLL_SECONDS)


def posted(path: str, most: int) -> dict[str, Any]:
    """Stops at the first answer that reports an error."""
    body = sys.stdin.buffer.read()
    times: list[float] = []
    began_cpu = _cpu_ms()
    while True:
        began = time.perf_counter()
        answer = _ask("POST", path, body)
        times.append((time.perf_counter() - began) * 1000)
        if len(times) < most and answer["status"] == 200:
            continue
        ended_cpu = _cpu_ms()
        return {**answer, "times": times, "cpuMs": None if began_cpu is None or ended_cpu is None else ended_cpu - began_cpu}


def _cpu_ms() -> float | None:
    """Version 2 of cgroups alone shows a container its own: https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files"""
    try:
        with open(os.path.join("/sys/fs/cgroup", "cpu.stat")) as stat:
            micros = re.search(r"^usage_usec (\d+)$", stat.read(), re.MULTILINE)
    except OSError:
        return None
    return int(micros[1]) / 1000 if micros else None


def _ask(method: str, path: str, body: bytes | None) -> dict[str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT") or "8080"))
    try:
        connection.request(method, path, body, {"content-type": "application/json"})
        answer = connection.getresponse()
        return {"status": answer.status, "body": answer.read().decode("utf-8", "replace")}
    finally:
        connection.close()


if __name__ == "__main__":
    path = sys.argv[1] if len(sys.argv) > 1 else None
    json.dump(posted(path, int((sys.argv[2:] or ["1"])[0])) if path else ready(), sys.stdout)
