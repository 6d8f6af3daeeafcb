"""The one error of this package."""

from __future__ import annotations


class Failure(Exception):
    """A refusal or an error, by Slipway's own names.

    `name` is one of Slipway's failures, such as `ArtifactRejected` or `RevisionFailed`, or the
    state in which a deployment ended without one, such as `Superseded`. `reason` says what was
    wrong, and `fix` what to do; it is empty if there is nothing to do.
    """

    def __init__(self, name: str, reason: str, fix: str = "") -> None:
        super().__init__(name, reason, fix)
        self.name = name
        self.reason = reason
        self.fix = fix

    def __str__(self) -> str:
        told = f"{self.name}: {self.reason}"
        return f"{told}\nWhat to do: {self.fix}" if self.fix else told
