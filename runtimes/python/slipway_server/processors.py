from __future__ import annotations

import os

_CPU_QUOTA = "/sys/fs/cgroup/cpu.max"


def processors() -> int:
    """The number of processors of this process, and so of useful threads."""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        with open(_CPU_QUOTA, encoding="ascii") as file:
            quota, period = file.read().split()
        return max(1, min(cpus, int(quota) // int(period)))
    except (OSError, ValueError):
        # Affinity is not set, or cannot be.
        return cpus
