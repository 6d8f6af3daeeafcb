from __future__ import annotations

import json
import os
from typing import Any


class Refusal(Exception):
    """An error whose message is for the client, with the HTTP status that says whose fault it is; `retry_after` (s) where the same may be answered later."""

    def __init__(self, status: int, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.retry_after = retry_after


def message_of(error: BaseException) -> str:
    """The error in one line, with its class, since the message alone may not say what happened."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def where(error: BaseException) -> str:
    """The message, with the last line of code that the error passed. No values: they may be secret."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    if last is None:
        return message_of(error)
    code = last.tb_frame.f_code
    return f"{message_of(error)} ({os.path.basename(code.co_filename)}, line {last.tb_lineno}, in {code.co_name})"


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


def show_keys(keys: list[str]) -> str:
    return ", ".join(show(key) for key in keys[:8]) if keys else "no keys"


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def show_number(value: float | int) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return str(value)[:40]
