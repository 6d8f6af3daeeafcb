"""How the server reports to its parent process, and ends with it."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from typing import Any, Mapping

from ..walls import CHANNEL


class Parent:
    """The channel to Slipway: a JSON object a line each way, on the descriptor CHANNEL_FD. Without that variable nobody listens."""

    def __init__(self, env: Mapping[str, str]) -> None:
        channel = env.get(CHANNEL, "")
        self._fd = int(channel) if channel.isdigit() else None

    def tell(self, message: dict[str, Any]) -> None:
        if self._fd is not None:
            try:
                os.write(self._fd, json.dumps(message).encode() + b"\n")
            except OSError:
                pass

    def told_environment(self) -> dict[str, str]:
        """Waits for the rest of the environment, in a server that was started before there was a model for it. Ends the process when the parent does."""
        pending = b""
        while self._fd is not None and (piece := os.read(self._fd, 65_536)):
            *lines, pending = (pending + piece).split(b"\n")
            for line in lines:
                told = json.loads(line)
                if "environment" in told:
                    return dict(told["environment"])
        os._exit(0)


def end_with_parent(env: Mapping[str, str]) -> None:
    """Ends this process at once when its parent has ended, even by kill -9: its channel or, with END_WITH_STDIN in the environment, its standard input has closed."""
    channel = env.get(CHANNEL, "")
    if channel.isdigit():
        os.set_inheritable(int(channel), False)
        _end_with(int(channel))
    if env.get("END_WITH_STDIN"):
        _end_with(sys.stdin.fileno())


def end_after_drain(longest_seconds: int) -> None:
    """Ends the process after this many seconds, whatever it is doing. The kernel sends the signal, so native code that holds the GIL cannot delay it."""
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
