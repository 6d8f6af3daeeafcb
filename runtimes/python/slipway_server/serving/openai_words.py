from __future__ import annotations

from typing import Awaitable

from ..protocols.openai import error_json
from ..refusal import Refusal
from .answer import Answer, json_answer


async def in_openai_words(answering: Awaitable[Answer]) -> Answer:
    """Clients of OpenAI's API look for the message of a refusal in an object."""
    try:
        return await answering
    except Refusal as refused:
        return json_answer(error_json(refused))._replace(status=refused.status)
