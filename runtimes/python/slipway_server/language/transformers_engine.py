"""transformers, running within this process."""

from __future__ import annotations

import ctypes
import inspect
import threading
import time
import uuid
from contextlib import contextmanager
from typing import Any, Iterator

from ..config import LanguageServing
from ..refusal import Refusal, message_of, show
from .choices import each_choice
from .emit import Emit
from .engine import NO_TOOLS, Engine, too_long
from .measures import Asked, Meter, Tell
from .pieces import CallsApart, Pieces
from .scoring import Prompt, Score, Scored, bounded
from .tool_calls import Form, as_templates_take, form_of, takes_tools
from .transformers_options import count_of, logprobs_of, refuse_more, sampling_of, stops_of, template_options

# A chat template is a program of the model's author; rendering one takes some milliseconds.
_TEMPLATE_SECONDS = 5


class TransformersEngine(Engine):
    """
    A network that transformers has loaded, with the interface of llama.cpp's engine. Without a temperature it generates as its own
    generation_config.json says, be it by beams, and by the likeliest tokens where that says nothing.
    """

    def __init__(self, model: Any, tokenizer: Any, serving: LanguageServing) -> None:
        self.serving = serving
        self.tell: Tell = lambda _generation: None
        self._model, self._tokenizer = model, tokenizer
        self._is_pair = bool(model.config.is_encoder_decoder)
        # torch has one seed for all of its threads.
        self._seeding = threading.Lock()

    def complete(self, request: dict[str, Any], emit: Emit, asked: Asked | None = None) -> None:
        prompt = request["prompt"]
        prompts = [prompt] if isinstance(prompt, str) else prompt
        if not all(isinstance(each, str) and each for each in prompts):
            raise Refusal(400, f"prompt is {show(prompt)}; it takes a text, or a list of them")
        about = _about("cmpl", "text_completion")
        with self._measured(asked) as meter:

            def answer(own: dict[str, Any], tell: Emit) -> None:
                for index, each in enumerate([own["prompt"]] if isinstance(own["prompt"], str) else own["prompt"]):
                    ids = self._tokenizer(each, return_tensors="pt")["input_ids"]

                    def told(choice: dict[str, Any], index: int = index) -> bool:
                        return _seen(meter, tell, {**about, "choices": [{"index": index, **_texted(choice)}], **_usage(choice)})

                    if self._generated(ids, own, told):
                        return

            each_choice(request, emit, 1, answer)

    def chat(self, request: dict[str, Any], emit: Emit, asked: Asked | None = None) -> None:
        tools = request.get("tools") if request.get("tool_choice") != "none" else None
        form = self._form(request) if tools else None
        ids = self._conversation(request, tools)
        about = _about("chatcmpl", "chat.completion.chunk")
        usual = {"max_tokens": self.serving.context_tokens}
        with self._measured(asked) as meter:

            def answer(own: dict[str, Any], tell: Emit) -> None:
                def told(choice: dict[str, Any]) -> bool:
                    return _seen(meter, tell, {**about, "choices": [{"index": 0, **_said(choice)}], **_usage(choice)})

                self._generated(ids, {**usual, **own}, CallsApart(form, told).tell if form else told)

            each_choice(request, emit, 1, answer)

    def score(self, asked: Scored) -> Score:
        import torch

        given = self._prompt(asked.prompt)
        answer = self._tokenizer(asked.answer, add_special_tokens=False, return_tensors="pt")["input_ids"]
        count, room = int(answer.shape[1]), self.serving.context_tokens
        if count == 0 or int(given.shape[1]) + count > room:
            raise too_long(int(given.shape[1]) + count, room)
        given, answer = given.to(self._model.device), answer.to(self._model.device)
        with torch.inference_mode():
            if self._is_pair:
                logits = self._model(input_ids=given, labels=answer).logits[0]
            else:
                # The token after each one but the last is one of the answer.
                logits = self._model(input_ids=torch.cat([given, answer], dim=1)).logits[0, -count - 1 : -1]
            each = logits.float().log_softmax(-1).gather(1, answer[0].unsqueeze(1))
        return Score(sum(bounded(one) for one in each[:, 0].tolist()), count, int(given.shape[1]))

    def render(self, prompt: Prompt) -> list[int]:
        ids: list[int] = self._prompt(prompt)[0].tolist()
        return ids

    def _prompt(self, prompt: Prompt) -> Any:
        if isinstance(prompt, str):
            return self._tokenizer(prompt, return_tensors="pt")["input_ids"]
        return self._conversation({"messages": prompt}, None)

    def embed(self, request: dict[str, Any], asked: Asked | None = None) -> dict[str, Any]:
        raise Refusal(400, "the model makes no embeddings; ask it by /v1/completions")

    def _form(self, request: dict[str, Any]) -> Form:
        """The form in which the model writes function calls. Raises a Refusal where the form is not known, or where calls are required, which needs a grammar."""
        template = self._tokenizer.chat_template
        if not takes_tools(template):
            raise Refusal(400, NO_TOOLS, param="tools")
        form = form_of(template)
        if form is None:
            raise Refusal(400, "tools: the model's chat template has calls in a form that this server does not read; as GGUF, llama.cpp may", param="tools")
        if request.get("tool_choice") == "required":
            raise Refusal(400, "tool_choice required is for models in GGUF; transformers leaves the choice to the model: send auto", param="tool_choice")
        return form

    def _conversation(self, request: dict[str, Any], tools: Any) -> Any:
        options = {**self._template_options(request), **({"tools": tools} if tools else {})}
        try:
            with _within(_TEMPLATE_SECONDS):
                messages = as_templates_take(request["messages"])
                # The template is rendered as text, so that it cannot say what tokens are.
                text = self._tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True, **options)
        except TimeoutError:
            raise Refusal(400, f"the model's chat template took more than {_TEMPLATE_SECONDS} s for these messages") from None
        except Exception as error:
            raise Refusal(400, f"the model's chat template refused the messages: {message_of(error)}") from None
        return self._tokenizer(text, add_special_tokens=False, return_tensors="pt")["input_ids"]

    def _template_options(self, request: dict[str, Any]) -> dict[str, Any]:
        own = inspect.signature(self._tokenizer.apply_chat_template).parameters
        return template_options(request, self._tokenizer.chat_template, own)

    def _generated(self, ids: Any, request: dict[str, Any], emit: Emit) -> bool:
        """Streams each piece of the text; returns True if the consumer stopped it."""
        import torch

        refuse_more(request)
        given = int(ids.shape[1])
        room = self.serving.context_tokens - (0 if self._is_pair else given)
        if room < 1 or given > self.serving.context_tokens:
            raise too_long(given, self.serving.context_tokens)
        most = min(room, count_of(request, room))
        pieces = Pieces(self._tokenizer, emit, stops_of(request), logprobs_of(request), most)
        how = sampling_of(request)
        ids = ids.to(self._model.device)
        beams = 1 if how else int(self._model.generation_config.num_beams or 1)
        if beams > 1 and logprobs_of(request):
            raise Refusal(400, f"logprobs are of tokens that are chosen one by one; the model searches by {beams} beams unless the request has a temperature")
        # A beam search has no final token before it has ended.
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


def _about(kind: str, object_: str) -> dict[str, Any]:
    return {"id": f"{kind}-{uuid.uuid4().hex}", "object": object_, "created": int(time.time())}


def _seen(meter: Meter, emit: Emit, chunk: dict[str, Any]) -> bool:
    meter.see(chunk)
    return emit(chunk)


def _texted(choice: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in choice.items() if key != "usage"}


def _said(choice: dict[str, Any]) -> dict[str, Any]:
    delta = {"role": "assistant", "content": choice["text"]} if choice["text"] else {}
    if choice.get("tool_calls"):
        delta = {"role": "assistant", **delta, "tool_calls": choice["tool_calls"]}
    return {"delta": delta, "logprobs": choice["logprobs"], "finish_reason": choice["finish_reason"]}


def _usage(choice: dict[str, Any]) -> dict[str, Any]:
    return {"usage": choice["usage"]} if "usage" in choice else {}


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
