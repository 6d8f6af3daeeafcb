"""
Sends requests to this container's own server, for a build's smoke test: without a network it cannot be reached from outside.
`python -m slipway_server.ask` waits until it is ready; with a PATH it posts standard input, with PATH TIMES so many times one after another, with PATH TIMES AT_ONCE so many at once. Both print {status, body} of the last answer.
A post also prints the `times` (ms) of the answers, `tookMs`, the time of all, and `cpuMs`, the CPU time of the container for them, null where its cgroup does not show it.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
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


def posted(path: str, most: int, at_once: int) -> dict[str, Any]:
    """Stops at the first answer that is not a success."""
    body = sys.stdin.buffer.read()
    times: list[float] = []
    last: dict[str, Any] = {"status": 200, "body": ""}
    # One thread takes each number, whichever of them comes first.
    numbers = iter(range(most))

    def client(_: int) -> None:
        nonlocal last
        for _number in numbers:
            if last["status"] != 200:
                return
            began = time.perf_counter()
            answer = _ask("POST", path, body)
            times.append((time.perf_counter() - began) * 1000)
            last = answer if last["status"] == 200 else last

    began_cpu, began = _cpu_ms(), time.perf_counter()
    if at_once == 1:
        client(0)
    else:
        with ThreadPoolExecutor(at_once) as clients:
            list(clients.map(client, range(at_once)))
    took = (time.perf_counter() - began) * 1000
    ended_cpu = _cpu_ms()
    return {**last, "times": times, "tookMs": took, "cpuMs": None if began_cpu is None or ended_cpu is None else ended_cpu - began_cpu}


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
    path, times, at_once, *_ = [*sys.argv[1:], *[None] * 3]
    json.dump(posted(path, int(times or 1), int(at_once or 1)) if path else ready(), sys.stdout)
