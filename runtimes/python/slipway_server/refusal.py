from __future__ import annotations

import json
import os
import re
import traceback
from typing import Any


class Refusal(Exception):
    """An error whose message is for the client, with the HTTP status that says whose fault it is; `retry_after` (s) if the same request may succeed later, `accept_encoding` if another coding would, `code` if OpenAI's API has a name for the error, `param` if it is about one field of a request to that API."""

    def __init__(
        self,
        status: int,
        message: str,
        retry_after: int | None = None,
        *,
        accept_encoding: str | None = None,
        code: str | None = None,
        param: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.retry_after = retry_after
        self.accept_encoding = accept_encoding
        self.code = code
        self.param = param


# The colour codes that torch's exporter writes for a terminal.
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def message_of(error: BaseException) -> str:
    """The error in one line, with its class, since the message alone may not say what happened."""
    text = " ".join(_COLOURS.sub("", str(error)).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def where(error: BaseException) -> str:
    """The message, with the last line of the artifact's own code that the error went through, or with any last line where it went through none. No values: they may be secret."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{type(error).__name__}: {error.msg} ({_short(error.filename)}:{error.lineno})"
    frames = own_frames(error) or traceback.extract_tb(error.__traceback__)
    return f"{message_of(error)} ({_short(frames[-1].filename)}:{frames[-1].lineno})" if frames else message_of(error)


def own_traceback(error: BaseException) -> str:
    """The traceback through the artifact's own code, without the server's frames before it and the libraries' after it; empty where the error did not go through that code."""
    frames = own_frames(error)
    return f"Traceback (most recent call last):\n{''.join(traceback.format_list(frames))}" if frames else ""


def own_frames(error: BaseException) -> list[traceback.FrameSummary]:
    """The frames from the first to the last one of code that came with the artifact."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [at for at, frame in enumerate(frames) if _is_own(frame.filename)]
    return frames[own[0] : own[-1] + 1] if own else []


def _is_own(file: str) -> bool:
    folder = _folder()
    return folder != "" and os.path.abspath(file).startswith(folder + os.sep)


def _short(file: str) -> str:
    return os.path.relpath(file, _folder()) if _is_own(file) else os.path.basename(file)


def _folder() -> str:
    """The folder of the artifact."""
    path = os.environ.get("MODEL_PATH", "")
    return os.path.abspath(path if os.path.isdir(path) else os.path.dirname(path)) if path else ""


def show(value: Any) -> str:
    """A value for an error message: short, and never a whole list or object."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, str):
        return quoted(value[:40])
    return show_number(value)


def show_or_nothing(holder: dict[str, Any], key: str) -> str:
    return show(holder[key]) if key in holder else "nothing"


def is_wrongly(holder: dict[str, Any], key: str) -> str:
    """Describes the value that has the wrong kind or is missing."""
    return f"is {show(holder[key])}" if key in holder else "is missing"


def is_count(value: Any) -> bool:
    """Whether it is a whole number from 1; JSON does not tell 2.0 from 2."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 1 and value % 1 == 0


# The most names that a message lists.
SHOWN_KEYS = 8


def show_keys(keys: list[str]) -> str:
    """The first eight, and how many more there are."""
    more = f" and {len(keys) - SHOWN_KEYS} more" if len(keys) > SHOWN_KEYS else ""
    return ", ".join(show(key) for key in keys[:SHOWN_KEYS]) + more if keys else "no keys"


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def show_number(value: float | int) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return str(value)[:40]
