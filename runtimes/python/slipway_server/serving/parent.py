"""How the server speaks to what started it, and ends with it."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from typing import Any, Mapping


class Parent:
    """Node's channel to a child: lines of JSON on the file descriptor that NODE_CHANNEL_FD names."""

    def __init__(self, env: Mapping[str, str]) -> None:
        channel = env.get("NODE_CHANNEL_FD", "")
        self._fd = int(channel) if channel.isdigit() else None

    def tell(self, message: dict[str, Any]) -> None:
        if self._fd is not None:
            try:
                os.write(self._fd, json.dumps(message).encode() + b"\n")
            except OSError:
                pass


def end_with_parent(env: Mapping[str, str]) -> None:
    """When what started this process is gone, also by kill -9, this one ends at once: its channel has closed or, with END_WITH_STDIN in the environment, its standard input."""
    channel = env.get("NODE_CHANNEL_FD", "")
    if channel.isdigit():
        os.set_inheritable(int(channel), False)
        _end_with(int(channel))
    if env.get("END_WITH_STDIN"):
        _end_with(sys.stdin.fileno())


def end_after_drain(longest_seconds: int) -> None:
    """Ends the process in so many seconds whatever it does then. The kernel sends this signal, so that native code which holds Python cannot put it off."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(longest_seconds)


def _end_with(fd: int) -> None:
    def watch() -> None:
        try:
            while os.read(fd, 65_536):
                pass
        except OSError:
            pass
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True, name="parent").start()
