from __future__ import annotations

import asyncio
from typing import Any, Awaitable, Callable

import numpy as np

from ..model import Model
from ..refusal import Refusal
from ..worded import worded
from .predictor import MOST_WAITING, ClientGone, Predictor

Arrays = dict[str, np.ndarray]
Predict = Callable[[Arrays], Arrays]


class Batches:
    """
    Answers rows by a model. When the model gets free, the rows that wait and fit together go through it as one, `most_rows` at most. Nobody waits for others to come.
    If the model refuses them together, each is answered alone, so that a bad row costs its own request only. `asked` is the number of requests that the server has now.
    """

    def __init__(self, predictor: Predictor, most_rows: int, asked: Callable[[], int]) -> None:
        self._predictor = predictor
        self._most_rows = most_rows
        self._asked = asked
        # In order of arrival.
        self._waiting: list[_Waiting] = []
        self._answering: asyncio.Future[None] | None = None

    def takes(self, model: Model, inputs: Arrays) -> bool:
        """Whether these rows may be answered together with others: not by code, which may count on one request at a time."""
        is_by_row = all(spec.shape and spec.shape[0] == -1 for spec in model.signature.inputs)
        is_plain = not model.is_code and model.predict_with is None
        return is_by_row and is_plain and 0 < _rows_of(inputs) <= self._most_rows

    async def predict(self, predict: Predict, inputs: Arrays, gone: Callable[[], Awaitable[Any]]) -> Arrays:
        """Refuses with 503 when 100 already wait. `gone` resolves when the client has left."""
        rows = _rows_of(inputs)
        # A request that the server has alone goes the way that it goes without batches, so that a single client pays nothing for them.
        if self._answering is None and self._asked() <= 1:
            return await self._predictor.run(lambda: predict(inputs), rows, gone)
        if len(self._waiting) >= MOST_WAITING:
            raise Refusal(503, worded("tooManyWaiting", len(self._waiting), MOST_WAITING), retry_after=1)
        leaving = asyncio.ensure_future(gone()) if self._predictor.is_busy else None
        waiting = _Waiting(inputs, leaving)
        self._waiting.append(waiting)
        if self._answering is None:
            # It begins once the requests that have been read by now wait as well.
            self._answering = asyncio.ensure_future(self._answer_all(predict))
        try:
            return await waiting.answer
        finally:
            if leaving is not None:
                leaving.cancel()

    async def _answer_all(self, predict: Predict) -> None:
        try:
            while self._waiting:
                async with self._predictor.turn():
                    await self._answer(predict, self._taken())
                # Lets the answers go out, and requests come in.
                await asyncio.sleep(0)
        except Exception as error:
            for each in self._waiting:
                each.end(error=error)
            self._waiting = []
        finally:
            self._answering = None

    def _taken(self) -> list[_Waiting]:
        """Takes out the rows that are first in line, and the ones that fit to them."""
        taken: list[_Waiting] = []
        left: list[_Waiting] = []
        rows = 0
        for each in self._waiting:
            if each.leaving is not None and each.leaving.done():
                each.end(error=ClientGone())
            elif not taken or (rows + each.rows <= self._most_rows and _is_alike(taken[0].inputs, each.inputs)):
                taken.append(each)
                rows += each.rows
            else:
                left.append(each)
        self._waiting = left
        return taken

    async def _answer(self, predict: Predict, together: list[_Waiting]) -> None:
        if not together:
            return
        try:
            inputs = _joined([each.inputs for each in together])
            outputs = await self._predictor.within_turn(lambda: predict(inputs), _rows_of(inputs))
            parts = _divided(outputs, [each.rows for each in together])
        except Exception as error:
            parts = None
            if len(together) == 1:
                together[0].end(error=error)
                return
        if parts is None:
            for each in together:
                await self._answer(predict, [each])
        else:
            for each, part in zip(together, parts):
                each.end(outputs=part)


class _Waiting:
    """Rows that wait for the model, and their answer; `leaving` is done once the client has left."""

    def __init__(self, inputs: Arrays, leaving: asyncio.Future[Any] | None) -> None:
        self.inputs = inputs
        self.rows = _rows_of(inputs)
        self.leaving = leaving
        self.answer: asyncio.Future[Arrays] = asyncio.get_running_loop().create_future()

    def end(self, *, outputs: Arrays | None = None, error: Exception | None = None) -> None:
        if self.answer.done():
            return
        if outputs is not None:
            self.answer.set_result(outputs)
        elif error is not None:
            self.answer.set_exception(error)


def _rows_of(inputs: Arrays) -> int:
    """The number of rows, which all arrays have; 0 where there is none."""
    counts = {len(array) if array.ndim else 0 for array in inputs.values()}
    return counts.pop() if len(counts) == 1 else 0


def _is_alike(one: Arrays, other: Arrays) -> bool:
    return one.keys() == other.keys() and all(array.dtype == other[name].dtype and array.shape[1:] == other[name].shape[1:] for name, array in one.items())


def _joined(parts: list[Arrays]) -> Arrays:
    return parts[0] if len(parts) == 1 else {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _divided(outputs: Arrays, counts: list[int]) -> list[Arrays] | None:
    """The answers to each of the parts; None where an output does not have one for each row. A single part has all, whatever its rows are."""
    if len(counts) == 1:
        return [outputs]
    if any(array.ndim == 0 or len(array) != sum(counts) for array in outputs.values()):
        return None
    ends = np.cumsum(counts).tolist()
    return [{name: array[end - count : end] for name, array in outputs.items()} for end, count in zip(ends, counts)]
