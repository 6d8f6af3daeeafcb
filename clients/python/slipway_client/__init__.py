"""Deploys models from a notebook or a script to Slipway, calls them, and brings versions back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .client import Model, Slipway, Version, connect
from .failure import Failure

__all__ = ["Failure", "Model", "Slipway", "Version", "connect", "deploy"]


def deploy(
    model: Any,
    *,
    name: str,
    example: Any = None,
    manifest: Mapping[str, Any] | None = None,
    requirements: list[str] | None = None,
) -> Model:
    """Deploys to the Slipway of `connect()`; `Slipway.deploy` explains the arguments."""
    return connect().deploy(
        model, name=name, example=example, manifest=manifest, requirements=requirements
    )
