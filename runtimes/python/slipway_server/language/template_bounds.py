"""
The chat template in a file is a program that llama.cpp runs, at every load and for every conversation, without a limit.
So a build tries it in a separate process, and a server ends itself if a template does not end.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import threading
import time
from contextlib import contextmanager
from typing import Callable, Iterator, TypeVar

from ..refusal import message_of

Loaded = TypeVar("Loaded")

# 98 MB are loaded, and a conversation is begun, within a second.
_TRIAL_SECONDS = 10
_TRIAL_SECONDS_PER_GIB = 60
# The factor by which that may take longer on a busy machine.
_WAITED = 30
# The templates of real models take milliseconds.
_RENDER_SECONDS = 3
_LOOK_SECONDS = 0.5


def try_out(path: str, load: Callable[[], Loaded], begin: Callable[[Loaded], None]) -> None:
    """Raises ValueError unless the model loads and begins a conversation within the CPU time that reading the weights can take. It tries this in a fork, so no thread may have been started yet."""
    seconds = _TRIAL_SECONDS + _TRIAL_SECONDS_PER_GIB * os.path.getsize(path) // 2**30
    child = os.fork()
    if child == 0:
        _try_in_child(seconds, load, begin)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        raise ValueError(_why(os.WTERMSIG(status), seconds))
    if os.WEXITSTATUS(status) != 0:
        raise ValueError("llama.cpp does not load the model, or does not begin a conversation by its chat template; the lines before say why")


def _try_in_child(seconds: int, load: Callable[[], Loaded], begin: Callable[[Loaded], None]) -> None:
    code = 1
    try:
        # A build's standard output is its answer, so the child prints to standard error.
        os.dup2(2, 1)
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (seconds if hard == resource.RLIM_INFINITY else min(seconds, hard), hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        # A child that waits without working uses no CPU time, so it also gets a limit in real time.
        signal.alarm(seconds * _WAITED)
        # Kept to the end: llama.cpp waits forever for a server that is ended before its loop has begun.
        loaded = load()
        begin(loaded)
        code = 0
    except BaseException as error:
        print(message_of(error), file=sys.stderr, flush=True)
    finally:
        # This exit flushes and closes nothing of the parent's a second time.
        os._exit(code)


def _why(ended_by: int, seconds: int) -> str:
    if ended_by == signal.SIGALRM:
        return f"the model was not loaded, or a conversation not begun, within {seconds * _WAITED} s"
    if ended_by == signal.SIGXCPU:
        return f"the model was not loaded, or a conversation not begun, within {seconds} s of CPU: the chat template in its file does not end"
    return f"llama.cpp was ended by {signal.Signals(ended_by).name} while it loaded the model or began a conversation: the file, or the chat template in it, is broken"


@contextmanager
def rendering() -> Iterator[Callable[[], None]]:
    """Ends this process if the calling thread, which renders a template, works longer than any template needs; the yielded function ends the watch."""
    is_over = threading.Event()
    if hasattr(time, "pthread_getcpuclockid"):
        clock = time.pthread_getcpuclockid(threading.get_ident())
        threading.Thread(target=_watch, args=(clock, is_over), daemon=True).start()
    try:
        yield is_over.set
    finally:
        is_over.set()


def _watch(clock: int, is_over: threading.Event) -> None:
    began = time.clock_gettime(clock)
    while not is_over.wait(_LOOK_SECONDS):
        # The thread is there: it waits for this event to be set before it ends.
        if time.clock_gettime(clock) - began > _RENDER_SECONDS:
            print(f"a chat template took more than {_RENDER_SECONDS} s of CPU to render, and cannot be ended: the server ends", file=sys.stderr, flush=True)
            os._exit(1)
