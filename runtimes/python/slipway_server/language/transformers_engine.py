"""transformers, asked within this process."""

from __future__ import annotations

import ctypes
import re
import threading
import time
import uuid
from contextlib import contextmanager
from typing import Any, Iterator

from ..config import LanguageServing
from ..refusal import Refusal, message_of, show
from .engine import Emit, Engine, too_long
from .measures import Asked, Meter, Tell
from .requests import UNBOUNDED

# A chat template is a program of the model's author; rendering one takes some milliseconds.
_TEMPLATE_SECONDS = 5
_HALF_A_LETTER = "\ufffd"
# A token of one byte, where the vocabulary has no word: a run of them is letters as a whole, or one by one none.
_BYTE = re.compile("<0x[0-9A-F]{2}>")
# Whose spaces some tokenizers take away, once they are whole.
_TIDIED = (" .", " ?", " !", " ,", " ' ", " n't", " 'm", " 's", " 've", " 're")
_MOST_LOGPROBS = 20


class TransformersEngine(Engine):
    """
    A network that transformers has loaded, which answers as llama.cpp's engine does. Without a temperature it generates as its own
    generation_config.json says, be it by beams, and by the likeliest tokens where that says nothing.
    """

    def __init__(self, model: Any, tokenizer: Any, serving: LanguageServing) -> None:
        self.serving = serving
        self.most_choices = (1, "")
        self.tell: Tell = lambda _generation: None
        self._model, self._tokenizer = model, tokenizer
        self._is_pair = bool(model.config.is_encoder_decoder)
        # A seed is torch's for all of its threads.
        self._seeding = threading.Lock()

    def complete(self, request: dict[str, Any], emit: Emit, asked: Asked | None = None) -> None:
        prompt = request["prompt"]
        prompts = [prompt] if isinstance(prompt, str) else prompt
        if not all(isinstance(each, str) and each for each in prompts):
            raise Refusal(400, f"prompt is {show(prompt)}; it takes a text, or a list of them")
        about = _about("cmpl", "text_completion")
        with self._measured(asked) as meter:
            for index, each in enumerate(prompts):
                ids = self._tokenizer(each, return_tensors="pt")["input_ids"]

                def told(choice: dict[str, Any], index: int = index) -> bool:
                    return _seen(meter, emit, {**about, "choices": [{"index": index, **_texted(choice)}], **_usage(choice)})

                if self._generated(ids, request, told):
                    return

    def chat(self, request: dict[str, Any], emit: Emit, asked: Asked | None = None) -> None:
        ids = self._conversation(request["messages"])
        about = _about("chatcmpl", "chat.completion.chunk")
        usual = {"max_tokens": self.serving.context_tokens}
        with self._measured(asked) as meter:
            self._generated(
                ids, {**usual, **request}, lambda choice: _seen(meter, emit, {**about, "choices": [{"index": 0, **_said(choice)}], **_usage(choice)})
            )

    def embed(self, request: dict[str, Any], asked: Asked | None = None) -> dict[str, Any]:
        raise Refusal(400, "the model makes no embeddings; ask it by /v1/completions")

    def _conversation(self, messages: Any) -> Any:
        try:
            with _within(_TEMPLATE_SECONDS):
                # As text, so that no template says what tokens are.
                text = self._tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        except TimeoutError:
            raise Refusal(400, f"the model's chat template took more than {_TEMPLATE_SECONDS} s for these messages") from None
        except Exception as error:
            raise Refusal(400, f"the model's chat template refused the messages: {message_of(error)}") from None
        return self._tokenizer(text, add_special_tokens=False, return_tensors="pt")["input_ids"]

    def _generated(self, ids: Any, request: dict[str, Any], emit: Emit) -> bool:
        """Tells each piece of the text; answers whether it was ended by who is told."""
        import torch

        _refuse_more(request)
        given = int(ids.shape[1])
        room = self.serving.context_tokens - (0 if self._is_pair else given)
        if room < 1 or given > self.serving.context_tokens:
            raise too_long(given, self.serving.context_tokens)
        most = min(room, _count(request, room))
        pieces = _Pieces(self._tokenizer, emit, _stops(request), _logprobs(request), most)
        how = _sampling(request)
        ids = ids.to(self._model.device)
        beams = 1 if how else int(self._model.generation_config.num_beams or 1)
        if beams > 1 and _logprobs(request):
            raise Refusal(400, f"logprobs are of tokens that are chosen one by one; the model searches by {beams} beams unless the request has a temperature")
        # A search knows no token before it has ended.
        told = {} if beams > 1 else {"streamer": pieces, "logits_processor": [pieces.heard]}
        with self._seeded(request.get("seed"), how), torch.inference_mode():
            made = self._model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=most,
                stopping_criteria=[pieces.is_ended],
                pad_token_id=self._tokenizer.pad_token_id if self._tokenizer.pad_token_id is not None else self._eos(),
                **told,
                **how,
            )
        if beams > 1:
            begun = 1 if self._is_pair else given
            pieces.put(made[0, :begun])
            pieces.put(made[0, begun:])
        return pieces.finish(given)

    def _eos(self) -> int:
        eos = self._model.generation_config.eos_token_id
        return int(eos[0] if isinstance(eos, list) else eos or 0)

    @contextmanager
    def _seeded(self, seed: Any, how: dict[str, Any]) -> Iterator[None]:
        import torch

        if seed is None or not how.get("do_sample"):
            yield
            return
        with self._seeding:
            torch.manual_seed(int(seed))
            yield


class _Pieces:
    """What transformers calls while it generates: the tokens as they are chosen, and before each the scores of all."""

    def __init__(self, tokenizer: Any, emit: Emit, stops: list[str], logprobs: int, most: int) -> None:
        self._tokenizer, self._emit, self._stops, self._logprobs, self._most = tokenizer, emit, stops, logprobs, most
        self._unsettled = [*stops, *(_TIDIED if tokenizer.clean_up_tokenization_spaces else ())]
        self._ids: list[int] = []
        self._told, self._scored = "", ""
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
            # The prompt, or what a decoder begins with.
            self._is_begun = True
            return
        for token in ids.reshape(-1).tolist():
            self._ids.append(token)
            if self._logprobs:
                self._marks.append(_mark(self._tokenizer, token, self._scores, self._logprobs))
        self._tell(is_last=False)

    def end(self) -> None:
        """Called by transformers; `finish` knows more."""

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
            # The end may be the begin of a stop.
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
        """Whether what the last tokens are read as may change with the next one."""
        return bool(self._ids) and _BYTE.fullmatch(str(self._tokenizer.convert_ids_to_tokens(self._ids[-1]))) is not None


def _about(kind: str, object_: str) -> dict[str, Any]:
    return {"id": f"{kind}-{uuid.uuid4().hex}", "object": object_, "created": int(time.time())}


def _seen(meter: Meter, emit: Emit, chunk: dict[str, Any]) -> bool:
    meter.see(chunk)
    return emit(chunk)


def _mark(tokenizer: Any, token: int, scores: Any, count: int) -> dict[str, Any]:
    import torch

    likely = torch.log_softmax(scores.float(), -1)
    values, ids = likely.topk(min(count, likely.shape[-1]))
    others = [_token(tokenizer, one, value) for one, value in zip(ids.tolist(), values.tolist())]
    return {**_token(tokenizer, token, float(likely[token])), "top_logprobs": others}


def _token(tokenizer: Any, token: int, logprob: float) -> dict[str, Any]:
    text = tokenizer.decode([token])
    return {"id": token, "token": text, "bytes": list(text.encode()), "logprob": logprob}


def _texted(choice: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in choice.items() if key != "usage"}


def _said(choice: dict[str, Any]) -> dict[str, Any]:
    delta = {"role": "assistant", "content": choice["text"]} if choice["text"] else {}
    return {"delta": delta, "logprobs": choice["logprobs"], "finish_reason": choice["finish_reason"]}


def _usage(choice: dict[str, Any]) -> dict[str, Any]:
    return {"usage": choice["usage"]} if "usage" in choice else {}


def _count(request: dict[str, Any], room: int) -> int:
    asked = int(request.get("max_completion_tokens", request["max_tokens"]))
    return room if asked == UNBOUNDED else asked


def _refuse_more(request: dict[str, Any]) -> None:
    """What llama.cpp does with its tokens, and this engine does not."""
    for name in ("frequency_penalty", "presence_penalty", "logit_bias", "grammar", "json_schema", "tools"):
        if request.get(name):
            raise Refusal(400, f"{name} is {show(request[name])}, which is for models in GGUF; leave it out")
    form = request.get("response_format") or {}
    if not isinstance(form, dict) or form.get("type", "text") != "text":
        raise Refusal(400, "response_format is for models in GGUF; transformers writes text alone")


def _stops(request: dict[str, Any]) -> list[str]:
    stop = request.get("stop")
    stops = [stop] if isinstance(stop, str) else stop or []
    if isinstance(stops, list) and all(isinstance(each, str) and each for each in stops):
        return stops
    raise Refusal(400, f"stop is {show(stop)}; it takes a text, or a list of them")


def _logprobs(request: dict[str, Any]) -> int:
    """Of completions a number, of conversations whether, and in another field how many."""
    asked = request.get("logprobs")
    count = request.get("top_logprobs", 1) if asked is True else asked or 0
    if isinstance(count, int) and 0 <= count <= _MOST_LOGPROBS:
        return count
    raise Refusal(400, f"logprobs is {show(asked)}; it takes a number from 0 to {_MOST_LOGPROBS}")


def _sampling(request: dict[str, Any]) -> dict[str, Any]:
    how: dict[str, Any] = {}
    for name, least, most in (("temperature", 0, 100), ("top_p", 0, 1), ("min_p", 0, 1), ("top_k", 0, 1_000_000)):
        value = request.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
            raise Refusal(400, f"{name} is {show(value)}; it takes a number from {least} to {most}")
        how[name] = value
    if not how:
        return {}
    if how.get("temperature", 1) == 0:
        return {"do_sample": False, "num_beams": 1, "temperature": None, "top_p": None, "top_k": None}
    return {"do_sample": True, "num_beams": 1, **{name: int(value) if name == "top_k" else float(value) for name, value in how.items()}}


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    """Raises TimeoutError in this thread, between two steps of Python, once the time is over."""
    thread = ctypes.c_ulong(threading.get_ident())
    lock, is_over = threading.Lock(), False

    def late() -> None:
        with lock:
            if not is_over:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(TimeoutError))

    timer = threading.Timer(seconds, late)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        with lock:
            is_over = True
        timer.cancel()
