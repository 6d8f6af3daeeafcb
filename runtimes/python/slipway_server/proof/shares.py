from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from typing import Any, Callable, Mapping

Task = Callable[[], Any]

# A run has at least so many requests, and takes at least so long: the first ones are slower, and a single short one says little.
_REQUESTS = 3
_WARM_SECONDS = 0.1
_RUN_SECONDS = 0.05
_LONG_RUN_SECONDS = 0.2
# The CPUs of the runs of one row, and how long each takes.
_LENGTHS = ((2, _LONG_RUN_SECONDS), (1, _RUN_SECONDS))
# The user who dropped the model waits for this.
_MOST_SECONDS = 10.0
# The quotas that the build is asked for, and how long their runs take: several periods of 100 ms, in each of which a quota stops the requests once.
_QUOTAS = ((1, 0.2), (0.5, 0.4))
_QUOTA_WAIT_SECONDS = 0.5
# The rows of the requests that are measured beside those of one row.
ROWS = (8, 64)


def measured(one: Task, together: Mapping[int, Task] = {}) -> dict[str, Any] | None:
    """
    {by, runs, noQuota}, as src/domain/build/measurement.ts has it, and the least time of each run (`leastMs`), which `batching` needs: how long `one` request of one row takes on one CPU and on two, and requests of several rows, `together` by their number, on one. Half a second where a request takes milliseconds; else three requests in each run, and 10 s in all.
    Where the build can set a quota of CPU time (buildspecs/commands/cpu-groups.mjs), also at one vCPU and at half of one, by that; else `noQuota` says why not.
    `by` is `affinity` where each thread could be bound to so many CPUs, and `none` where the walls or the system did not let them: then the CPU time alone shows how long one CPU would take. None where a request fails.
    """
    cpus = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    until = time.perf_counter() + _MOST_SECONDS
    try:
        _repeated(one, 1, _WARM_SECONDS, until)
        # The run with the most CPUs decides what is predicted for other shares (src/domain/placement/measured.ts). It comes first: threads that had to share a CPU stay there for a while.
        runs = [_run(one, vcpus, 1, seconds, until) for vcpus, seconds in _LENGTHS if vcpus <= len(cpus) and _bound(cpus[:vcpus])]
        runs.sort(key=lambda run: run["vcpus"])
        by = "affinity" if runs else "none"
        if not runs:
            _bound(cpus)
            runs = [_run(one, len(cpus) or os.cpu_count() or 1, 1, _LONG_RUN_SECONDS, until)]
        elif together:
            _bound(cpus[:1])
        for rows, task in sorted(together.items()):
            # A run of more rows may take as much longer.
            if time.perf_counter() + runs[-1]["ms"] / 1000 * rows / runs[-1]["rows"] < until:
                runs.append(_run(task, runs[0]["vcpus"], rows, _RUN_SECONDS, until))
        _bound(cpus)
        quotas, why = _under_quotas(one, runs[0]["ms"] / 1000, until)
        runs += quotas
    except Exception:
        return None
    finally:
        # The build goes on without the measurement.
        with suppress(OSError):
            _bound(cpus)
    return {"by": by, "runs": runs, **({"noQuota": why} if why else {})}


def _under_quotas(one: Task, expected: float, until: float) -> tuple[list[dict[str, Any]], str | None]:
    """The runs under each quota, and why there are none at half a vCPU. A run counts only if its quota held to its end, which the build checks before it takes it away."""
    if not os.environ.get("CPU_GROUP"):
        return [], os.environ.get("NO_CPU_GROUP")
    runs, why = [], "half a vCPU would have taken too long"
    for share, seconds in _QUOTAS:
        if time.perf_counter() + _REQUESTS * expected / share >= until:
            break
        if not _held_to(share):
            _held_to(None)
            return runs, "the build did not set the quota in time"
        run = _quota_run(one, share, seconds, until)
        if not _held_to(None):
            return runs, "the quota did not hold"
        runs.append(run)
    return runs, None if any(run["vcpus"] < 1 for run in runs) else why


def _held_to(share: float | None) -> bool:
    """Asks the build for a quota, or for none; whether every thread of this process is in its group then."""
    with suppress(OSError):
        os.write(2, f"share: {share or 'all'}\n".encode())
    place = "/".join(["", os.environ["CPU_GROUP"], *([str(share)] if share else [])])
    until = time.perf_counter() + _QUOTA_WAIT_SECONDS
    while time.perf_counter() < until:
        if all(_is_in(thread, place) for thread in os.listdir("/proc/self/task")):
            return True
        time.sleep(0.001)
    return False


def _is_in(thread: str, place: str) -> bool:
    try:
        with open(f"/proc/self/task/{thread}/cgroup", encoding="utf-8") as file:
            return any(line.rstrip("\n").endswith(place) for line in file)
    except (FileNotFoundError, ProcessLookupError):
        # A thread that has ended needs no quota.
        return True


def _quota_run(task: Task, share: float, seconds: float, until: float) -> dict[str, Any]:
    """The mean: a quota lets most requests through whole, and stops the others. The first third uses up what the period had left."""
    began = time.process_time()
    times = _repeated(task, _REQUESTS, seconds, until)
    cpu_seconds = time.process_time() - began
    settled = times[len(times) // 3 :]
    mean = sum(settled) / len(settled)
    return {"by": "quota", "vcpus": share, "rows": 1, "requests": len(times), "ms": max(0.001, round(mean * 1000, 3)), "cpuMs": round(cpu_seconds / len(times) * 1000, 3)}


def _run(task: Task, vcpus: int, rows: int, seconds: float, until: float) -> dict[str, Any]:
    began = time.process_time()
    times = _repeated(task, _REQUESTS, seconds, until)
    cpu_seconds = time.process_time() - began
    return {
        "vcpus": vcpus,
        "rows": rows,
        "requests": len(times),
        "ms": max(0.001, round(sorted(times)[len(times) // 2] * 1000, 3)),
        "leastMs": max(0.001, round(min(times) * 1000, 3)),
        "cpuMs": round(cpu_seconds / len(times) * 1000, 3),
    }


def _repeated(task: Task, least: int, seconds: float, until: float) -> list[float]:
    """The time (s) of each request: at least so many, for at least so long, and fewer where another one would not end in time."""
    times: list[float] = []
    began = time.perf_counter()
    while not times or ((len(times) < least or time.perf_counter() - began < seconds) and time.perf_counter() + times[-1] < until):
        start = time.perf_counter()
        task()
        times.append(time.perf_counter() - start)
    return times


def _bound(cpus: list[int]) -> bool:
    """Whether every thread of this process is bound to these CPUs now. The walls let a thread bind none but itself, and report success (walls.py), so each is looked at."""
    if not cpus:
        return False
    # A thread that ends meanwhile needs no binding.
    own, threads = threading.get_native_id(), [int(name) for name in os.listdir("/proc/self/task")]
    for thread in threads:
        with suppress(OSError):
            os.sched_setaffinity(0 if thread == own else thread, cpus)
    return all(_is_bound(thread, set(cpus)) for thread in threads)


def _is_bound(thread: int, cpus: set[int]) -> bool:
    try:
        return os.sched_getaffinity(thread) == cpus
    except ProcessLookupError:
        return True
