from __future__ import annotations

from typing import Callable
from uuid import uuid4

from falcon.asgi import Request, Response

from ..capture.capture import Capture
from ..capture.fields import Asked
from ..config import Config
from ..model import Model
from ..protocols.api_gateway import caller_of, request_id
from .answer import Answer
from .http_body import BODY


class Keeper:
    """Names a request in its answer, and hands one that is drawn to the capture once the client has its answer. A streamed answer is not kept."""

    def __init__(self, config: Config, capture: Capture, loaded: Callable[[], Model | None]) -> None:
        self._config = config
        self._capture = capture
        self._loaded = loaded

    def keep(self, request: Request, response: Response, answer: Answer) -> None:
        body = request.scope.get(BODY)
        if body is None or response.status != 200 or not isinstance(answer.body, bytes):
            return
        id_ = request_id(request.get_header) or str(uuid4())
        response.set_header("x-request-id", id_)
        drawn = self._capture.draw(id_)
        if drawn is None:
            return
        asked = Asked(request.path, request.content_type or "", body, answer.body, caller_of(request.get_header))

        async def keep() -> None:
            await self._capture.keep(drawn, id_, asked, self._names)

        response.schedule(keep)

    def _names(self) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
        """The names of the model's inputs and outputs, and whether it has a task."""
        model = self._loaded()
        facts = self._config.facts
        signature = model.signature if model and model.invoke is None else None
        inputs, outputs = (signature.inputs, signature.outputs) if signature else ((), ())
        return tuple(spec.name for spec in inputs), tuple(spec.name for spec in outputs), facts.language is not None or facts.pipeline is not None
