from __future__ import annotations

import time
from typing import Any, Callable

_LEAST_RUNS, _MOST_RUNS = 5, 200
# The user who dropped the model waits for this.
_LONGEST_SECONDS = 0.03


def median_micros(task: Callable[[], Any]) -> float:
    """The time of a task, as the median of many runs, or of few where it takes long."""
    times: list[float] = []
    until = time.perf_counter() + _LONGEST_SECONDS
    while len(times) < _LEAST_RUNS or (len(times) < _MOST_RUNS and time.perf_counter() < until):
        times.append(seconds(task))
    return round(sorted(times)[len(times) // 2] * 1e6, 1)


def seconds(task: Callable[[], Any]) -> float:
    start = time.perf_counter()
    task()
    return time.perf_counter() - start
