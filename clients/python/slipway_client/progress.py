"""A deployment's progress: a bar in a notebook or a terminal, else a line for each state."""

from __future__ import annotations

import html
import sys
import time
from typing import Any, Protocol

# How far a deployment is once it has reached a state, in percent.
REACHED = {
    "Admitted": 10,
    "Inspected": 20,
    "Building": 30,
    "Waiting": 55,
    "Provisioning": 60,
    "Ready": 75,
    "Compared": 80,
    "AwaitingApproval": 80,
    "Shifting": 85,
    "Baking": 90,
}
BAR_WIDTH = 24


class Progress(Protocol):
    """Shows how far a deployment is, from 0 to 100, and what happens now."""

    def show(self, percent: int, what: str) -> None: ...

    def end(self, is_live: bool, what: str) -> None:
        """The last thing that is shown."""


def progress(title: str) -> Progress:
    """The kind that fits where this program runs."""
    display = _notebook()
    if display is not None:
        return _Notebook(title, display)
    return _Terminal(title) if sys.stderr.isatty() else _Lines(title)


def _notebook() -> Any:
    """IPython's `display` in a notebook; None anywhere else, such as in IPython's own terminal."""
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython  # type: ignore[import-not-found,unused-ignore]

    if getattr(get_ipython(), "kernel", None) is None:
        return None
    from IPython.display import display  # type: ignore[import-not-found,unused-ignore]

    return display


class _Notebook:
    def __init__(self, title: str, display: Any) -> None:
        self.title = title
        self.started = time.monotonic()
        self.handle = display(self._html(0, "", ""), display_id=True)

    def show(self, percent: int, what: str) -> None:
        self.handle.update(self._html(percent, what, ""))

    def end(self, is_live: bool, what: str) -> None:
        mark = "accent-color: #2e7d32" if is_live else "accent-color: #c62828"
        self.handle.update(self._html(100, what, mark))

    def _html(self, percent: int, what: str, style: str) -> _Html:
        seconds = f"{time.monotonic() - self.started:.0f} s"
        bar = f'<progress max="100" value="{percent}" style="{style}"></progress>'
        return _Html(
            f"{bar} <b>{html.escape(self.title)}</b> {html.escape(what)} ({seconds})",
            f"{self.title}  {what} ({seconds})",
        )


class _Html:
    """A text that a notebook shows as HTML, and anything else as it is."""

    def __init__(self, text: str, plain: str) -> None:
        self.text = text
        self.plain = plain

    def _repr_html_(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.plain


class _Terminal:
    def __init__(self, title: str) -> None:
        self.title = title
        self.width = 0

    def show(self, percent: int, what: str) -> None:
        done = BAR_WIDTH * percent // 100
        bar = "█" * done + "·" * (BAR_WIDTH - done)
        self._write(f"{bar} {self.title}  {what}")

    def end(self, is_live: bool, what: str) -> None:
        self._write(f"{'✓' if is_live else '✗'} {self.title}  {what}")
        sys.stderr.write("\n")

    def _write(self, text: str) -> None:
        line = text.replace("\n", " ")[:200]
        sys.stderr.write(f"\r{line.ljust(self.width)}")
        sys.stderr.flush()
        self.width = len(line)


class _Lines:
    def __init__(self, title: str) -> None:
        self.title = title
        self.shown = ""

    def show(self, percent: int, what: str) -> None:
        # A percentage or a count that goes up is no news.
        state = what.split("  ", 1)[0]
        if state == self.shown:
            return
        self.shown = state
        print(f"{self.title}  {what}", file=sys.stderr)

    def end(self, is_live: bool, what: str) -> None:
        print(f"{self.title}  {what}", file=sys.stderr)
