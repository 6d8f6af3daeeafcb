"""The requests that the client makes of a Slipway, on one machine or in an account."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

# The states in which a deployment ends.
ENDINGS = {
    "Live",
    "Rejected",
    "Ignored",
    "Superseded",
    "Aborted",
    "Failed",
    "RolledBack",
    "Undeployed",
}


@dataclass(frozen=True)
class Event:
    """A change of a deployment's state. `cursor` continues after it."""

    cursor: str
    state: str
    version: int | None
    reason: str
    fix: str
    data: Mapping[str, Any]

    @staticmethod
    def of(cursor: str, detail: Mapping[str, Any]) -> Event:
        return Event(
            cursor,
            detail["state"],
            detail["version"],
            detail["reason"],
            detail["fix"],
            detail["data"],
        )


@dataclass(frozen=True)
class Upload:
    """An object to put in the bucket: a file, or the bytes themselves."""

    key: str
    content: Path | bytes

    @property
    def size_bytes(self) -> int:
        return len(self.content) if isinstance(self.content, bytes) else self.content.stat().st_size


# Called with the bytes that were sent so far.
Sent = Callable[[int], None]


class Place(Protocol):
    """Each method fails with a `Failure`, `PlatformUnavailable` if no Slipway answers."""

    # The pause between two looks at a deployment, in seconds.
    look_seconds: float

    def url(self, model: str) -> str:
        """The base of the model's URLs."""

    def put(self, upload: Upload, sent: Sent) -> str | None:
        """Uploads the object; returns the deployment that it starts, or None."""

    def keys(self, prefix: str) -> list[str]:
        """The keys of the bucket's objects that begin so."""

    def remove(self, key: str) -> None:
        """Removes an object."""

    def events(self, deployment: str, after: str) -> list[Event]:
        """The changes of a deployment after a cursor ("" for all), oldest first."""

    def stage(self, deployment: str) -> str:
        """The present work of its build in a few words; "" if that is not known."""

    def versions(self, model: str) -> list[Mapping[str, Any]]:
        """The versions that went live, newest first."""

    def roll_back(self, model: str, to: int | None) -> tuple[str | None, str]:
        """Asks for a rollback; returns its deployment, or None if there is nothing to do, and a sentence."""

    def ask(self, model: str, body: bytes) -> tuple[bytes, str]:
        """Posts to the model's `/invocations`; returns the answer and its content type."""


def chunks(file: BinaryIO, sent: Sent) -> Iterator[bytes]:
    """The file's bytes, piece by piece; `sent` learns how many were read."""
    count = 0
    while piece := file.read(1 << 20):
        yield piece
        count += len(piece)
        sent(count)
