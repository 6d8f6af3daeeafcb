from __future__ import annotations

from typing import Any, Callable

# Called with each chunk of an answer as it is made; True ends the answer there.
Emit = Callable[["dict[str, Any]"], bool]
