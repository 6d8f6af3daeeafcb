"""Streams the text of a transformers network while it is generated."""

from __future__ import annotations

import re
from typing import Any, Callable

from .emit import Emit
from .tool_calls import Form, calls_in, said_before

_HALF_A_LETTER = "\ufffd"
# A token of one byte, where the vocabulary has no word: only a whole run of them is letters.
_BYTE = re.compile("<0x[0-9A-F]{2}>")
# Some tokenizers remove the space before these, once they are complete.
_TIDIED = (" .", " ?", " !", " ,", " ' ", " n't", " 'm", " 's", " 've", " 're")


class Pieces:
    """Called by transformers while it generates: it gets the tokens as they are chosen, and before each the scores of all tokens."""

    def __init__(self, tokenizer: Any, emit: Emit, stops: list[str], logprobs: int, most: int) -> None:
        self._tokenizer, self._emit, self._stops, self._logprobs, self._most = tokenizer, emit, stops, logprobs, most
        self._unsettled = [*stops, *(_TIDIED if tokenizer.clean_up_tokenization_spaces else ())]
        self._ids: list[int] = []
        self._told = ""
        self._scores: Any = None
        self._marks: list[dict[str, Any]] = []
        self._is_begun = self._is_stopped = self._is_left = False

    def heard(self, _ids: Any, scores: Any) -> Any:
        self._scores = scores[0]
        return scores

    def is_ended(self, ids: Any, _scores: Any, **_: Any) -> Any:
        import torch

        return torch.full((ids.shape[0],), self._is_stopped or self._is_left, dtype=torch.bool, device=ids.device)

    def put(self, ids: Any) -> None:
        if not self._is_begun:
            # These are the prompt, or the first tokens of a decoder.
            self._is_begun = True
            return
        for token in ids.reshape(-1).tolist():
            self._ids.append(token)
            if self._logprobs:
                self._marks.append(_mark(self._tokenizer, token, self._scores, self._logprobs))
        self._tell(is_last=False)

    def end(self) -> None:
        """Called by transformers; `finish` does the work, since it knows more."""

    def finish(self, prompt_tokens: int) -> bool:
        self._tell(is_last=True)
        special = {*self._tokenizer.all_special_ids}
        is_whole = self._is_stopped or (bool(self._ids) and self._ids[-1] in special) or len(self._ids) < self._most
        usage = {"prompt_tokens": prompt_tokens, "completion_tokens": len(self._ids), "total_tokens": prompt_tokens + len(self._ids)}
        if not self._is_left:
            self._is_left = self._emit({"text": "", "logprobs": None, "finish_reason": "stop" if is_whole else "length", "usage": usage})
        return self._is_left

    def _tell(self, is_last: bool) -> None:
        if self._is_stopped or self._is_left:
            return
        text = self._tokenizer.decode(self._ids, skip_special_tokens=True)
        if text.endswith(_HALF_A_LETTER) and not is_last:
            return
        cut = min((at for at in (text.find(stop) for stop in self._stops) if at >= 0), default=-1)
        if cut >= 0:
            text, self._is_stopped = text[:cut], True
        elif not is_last:
            if self._is_within_bytes():
                return
            # The end of the text may be the beginning of a stop sequence.
            held = max((size for each in self._unsettled for size in range(len(each)) if text.endswith(each[:size])), default=0)
            text = text[: len(text) - held]
        piece = text[len(self._told) :]
        if not piece and not self._marks:
            return
        self._told = text
        marks, self._marks = self._marks, []
        logprobs = {"content": marks} if marks else None
        self._is_left = self._emit({"text": piece, "logprobs": logprobs, "finish_reason": None})

    def _is_within_bytes(self) -> bool:
        """Whether the reading of the last tokens may change with the next one."""
        return bool(self._ids) and _BYTE.fullmatch(str(self._tokenizer.convert_ids_to_tokens(self._ids[-1]))) is not None


class CallsApart:
    """Streams a model's text without the calls in it, and the calls at its end."""

    def __init__(self, form: Form, tell: Callable[[dict[str, Any]], bool]) -> None:
        self._form, self._tell = form, tell
        self._text, self._told = "", 0
        self._marks: list[Any] = []

    def tell(self, choice: dict[str, Any]) -> bool:
        self._text += choice["text"]
        self._marks += (choice["logprobs"] or {}).get("content", [])
        if choice["finish_reason"] is None:
            piece = said_before(self._form, self._text)[self._told :]
            self._told += len(piece)
            marks, self._marks = (self._marks, []) if piece else ([], self._marks)
            return self._tell({**choice, "text": piece, "logprobs": {"content": marks} if marks else None})
        content, calls = calls_in(self._form, self._text)
        ended = {**choice, "text": content[self._told :], "logprobs": {"content": self._marks} if self._marks else None}
        return self._tell({**ended, "tool_calls": calls, "finish_reason": "tool_calls"} if calls else ended)


def _mark(tokenizer: Any, token: int, scores: Any, count: int) -> dict[str, Any]:
    import torch

    likely = torch.log_softmax(scores.float(), -1)
    values, ids = likely.topk(min(count, likely.shape[-1]))
    others = [_token(tokenizer, one, value) for one, value in zip(ids.tolist(), values.tolist())]
    return {**_token(tokenizer, token, float(likely[token])), "top_logprobs": others}


def _token(tokenizer: Any, token: int, logprob: float) -> dict[str, Any]:
    text = tokenizer.decode([token])
    return {"id": token, "token": text, "bytes": list(text.encode()), "logprob": logprob}
