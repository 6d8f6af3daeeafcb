from __future__ import annotations

import json
import os
import re
from typing import Any

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "messages.json"), encoding="utf-8") as _file:
    _MESSAGES: dict[str, str] = json.load(_file)

_PLACE = re.compile(r"\{[A-Za-z]+\}")


def worded(name: str, *values: Any) -> str:
    """The sentence of that name with these values in its places, in their order. Both model servers have the same sentences: messages.json."""
    left = iter(values)
    return _PLACE.sub(lambda _place: str(next(left)), _MESSAGES[name])
