"""llama.cpp, running within this process."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import Any, Callable, Iterator

import msgspec

from ..config import LanguageServing
from ..processors import processors
from ..refusal import Refusal
from .choices import each_choice
from .emit import Emit
from .measures import Asked, Meter, Tell
from .prompt_tokens import FIELDS, prompt_tokens
from .scoring import Prompt, Score, Scored, grammar_of, score_of
from .template_bounds import rendering

# For llama.cpp this means as many tokens as there is room for.
UNBOUNDED = -1
TOO_LONG = "context_length_exceeded"
NO_TOOLS = "tools are not in the model's chat template: it would never be told of them; leave them out"
_SOCKET = "llama.sock"
_ERRORS_ONLY = 1


class Engine:
    """
    A model that llama.cpp has loaded. It answers `requests_at_once` requests side by side, each with a separate context;
    requests and answers are those of OpenAI's API. It may be called from any thread.
    """

    def __init__(self, path: str, serving: LanguageServing) -> None:
        self.serving = serving
        # Gets the measures of each answer.
        self.tell: Tell = lambda _generation: None
        self._server = _start(path, serving)

    def complete(self, request: dict[str, Any], emit: Emit, asked: Asked | None = None) -> None:
        """Continues a text."""
        with _refusals(), self._measured(asked) as meter:

            def answer(own: dict[str, Any], tell: Emit) -> None:
                self._server.handle_completions(_asked(own), _spoken(tell, meter))

            each_choice(request, emit, self.serving.requests_at_once, answer)

    def chat(self, request: dict[str, Any], emit: Emit, asked: Asked | None = None) -> None:
        """Answers a conversation by its chat template."""
        if request.get("tools") and request.get("tool_choice") != "none" and not self._knows_tools:
            raise Refusal(400, NO_TOOLS, param="tools")
        if request.get("tool_choice") == "required" and not self._holds_to_calls:
            raise Refusal(400, "tool_choice required: llama.cpp does not hold the model to a call with its chat template; send auto", param="tool_choice")
        with _refusals(), self._measured(asked) as meter:

            def answer(own: dict[str, Any], tell: Emit) -> None:
                speak = _spoken(tell, meter)
                with rendering() as rendered:

                    def begin(said: bytes) -> bool:
                        rendered()
                        return speak(said)

                    self._server.handle_chat_completions(_asked(own), begin)

            each_choice(request, emit, self.serving.requests_at_once, answer)

    def embed(self, request: dict[str, Any], asked: Asked | None = None) -> dict[str, Any]:
        with _refusals(), self._measured(asked) as meter:
            answer: dict[str, Any] = self._server.handle_embeddings(request)
            meter.see(answer)
        if "error" in answer:
            raise refusal_of(answer["error"])
        return answer

    def score(self, asked: Scored) -> Score:
        """
        The log-probability of an answer. llama.cpp has no such call: it generates by a grammar in which the answer is the only text, and says of each token how likely it was without the grammar.
        Where several tokens begin the rest of the text it takes the likeliest, so a text that the model would not write may count as less likely than it is.
        """
        # llama.cpp ends the whole process where its grammar needs a token that ends answers.
        if self.serving.ends_by_text:
            raise Refusal(400, "the model ends its answers at a token that texts have too, so llama.cpp cannot hold it to a text")
        request = {"temperature": 0, "max_tokens": UNBOUNDED, "grammar": grammar_of(asked.answer), "stream": False}
        if isinstance(asked.prompt, str):
            answer = self._whole(self._server.handle_completions, {**request, "prompt": asked.prompt, "logprobs": 1})
        else:
            answer = self._whole(self._server.handle_chat_completions, {**request, "messages": asked.prompt, "logprobs": True, "top_logprobs": 1})
        return score_of(answer, asked.answer)

    def render(self, prompt: Prompt) -> list[int]:
        """The tokens that the model reads of a prompt."""
        tokens = prompt_tokens(self._told, prompt)
        if tokens is None:
            raise Refusal(400, "llama.cpp does not say which tokens it reads of this prompt")
        return tokens

    def _told(self, request: dict[str, Any]) -> dict[str, Any]:
        """The fields that llama.cpp reports of a request besides its answer, which has one token at most."""
        handle = self._server.handle_chat_completions if "messages" in request else self._server.handle_completions
        answer = self._whole(handle, {"max_tokens": 1, "stream": False, "verbose": True, "response_fields": FIELDS, **request})
        return {name.rpartition("/")[2]: value for name, value in answer["__verbose"].items()}

    def _whole(self, handle: Callable[..., None], request: dict[str, Any]) -> dict[str, Any]:
        with _refusals(), rendering() as rendered:
            answers: list[dict[str, Any]] = []

            def see(answer: dict[str, Any]) -> bool:
                rendered()
                answers.append(answer)
                return False

            handle(request, see)
        [answer] = answers
        if "error" in answer:
            raise refusal_of(answer["error"])
        return answer

    @cached_property
    def _knows_tools(self) -> bool:
        """Whether the chat template mentions tools, which llama.cpp does not report: a conversation with a tool is then longer."""
        return self._prompt_tokens({}) != self._prompt_tokens({"tools": [_TOOL]})

    @cached_property
    def _holds_to_calls(self) -> bool:
        """Whether llama.cpp makes the model call a tool where one has to be called: it knows the form of calls in some chat templates only, and says nothing of the others."""
        seen: list[dict[str, Any]] = []

        def see(chunk: dict[str, Any] | None) -> bool:
            rendered()
            seen.extend(each.get("delta", {}) for each in (chunk or {}).get("choices", []))
            return False

        with _refusals(), rendering() as rendered:
            asked = {"messages": [_HELLO], "tools": [_TOOL], "tool_choice": "required", "temperature": 0, "max_tokens": _PROBED_TOKENS}
            self._server.handle_chat_completions({**asked, **_STREAMED}, see)
        # A model that thinks first may still be held to a call after that.
        return any(each.get("tool_calls") or each.get("reasoning_content") for each in seen) and not any(each.get("content") for each in seen)

    def _prompt_tokens(self, more: dict[str, Any]) -> int:
        seen: list[int] = []

        def see(chunk: dict[str, Any] | None) -> bool:
            rendered()
            if chunk and chunk.get("usage"):
                seen.append(chunk["usage"]["prompt_tokens"])
            return False

        with _refusals(), rendering() as rendered:
            self._server.handle_chat_completions({"messages": [_HELLO], "max_tokens": 1, **more, **_STREAMED}, see)
        return sum(seen)

    @contextmanager
    def _measured(self, asked: Asked | None) -> Iterator[Meter]:
        meter = Meter(asked or Asked(time.monotonic()))
        try:
            yield meter
        finally:
            generation = meter.generation()
            if generation.tokens_in or generation.tokens_out:
                self.tell(generation)


_HELLO = {"role": "user", "content": "Hello"}
_TOOL = {"type": "function", "function": {"name": "greet", "description": "Greets", "parameters": {"type": "object", "properties": {}}}}
# As many as a call of that tool has, in any form.
_PROBED_TOKENS = 48
# An answer can be ended only between two chunks.
_STREAMED = {"stream": True, "stream_options": {"include_usage": True}}


def _asked(request: dict[str, Any]) -> bytes:
    """A request sent as bytes is answered in bytes: as an object each chunk takes 0.2 ms of CPU, of which 0.08 ms are llama.cpp's own reading of JSON."""
    return msgspec.json.encode({**request, **_STREAMED})


def _spoken(emit: Emit, meter: Meter) -> Callable[[bytes], bool]:
    """Passes chunks on, except the empty one with which llama.cpp begins several answers."""

    def speak(said: bytes) -> bool:
        chunk = msgspec.json.decode(said) if said else None
        if chunk is None:
            return False
        meter.see(chunk)
        return emit(chunk)

    return speak


def refusal_of(error: Any) -> Refusal:
    """llama.cpp's own error about a request or about itself, as a refusal."""
    told = error if isinstance(error, dict) else {}
    if told.get("type") == "exceed_context_size_error":
        return too_long(told.get("n_prompt_tokens"), told.get("n_ctx"))
    code = told.get("code")
    status = code if isinstance(code, int) and 400 <= code <= 599 else 500
    return Refusal(status, f"the model refused the request: {told.get('message') or error}")


def too_long(given: Any, most: Any) -> Refusal:
    return Refusal(
        400,
        f"the prompt has {given} tokens; it and its answer may have {most} together, or what runtime.contextTokens in model.yaml says, up to what the model has",
        code=TOO_LONG,
    )


@contextmanager
def _refusals() -> Iterator[None]:
    """llama.cpp's exceptions while it reads a request are the client's errors."""
    try:
        yield
    except (ValueError, RuntimeError, TypeError) as error:
        raise Refusal(400, f"the model refused the request: {error}") from None


def _start(path: str, serving: LanguageServing) -> Any:
    # Before the library is loaded. On two cores behind the gateway two threads write 0.94 to 0.96 times as many tokens a second as llama.cpp's own server where they look this often before
    # they sleep, and 0.91 to 0.93 where they look 500 times. Without a bound they take the CPU from each other where the cores are busy besides, and write 21 instead of 49: docs/performance.md.
    os.environ.setdefault("GOMP_SPINCOUNT", "2000")
    import xllamacpp

    threads = processors()
    given = xllamacpp.CommonParams()
    given.model.path = path
    given.n_ctx = serving.context_tokens * serving.requests_at_once
    given.n_parallel = serving.requests_at_once
    given.cpuparams.n_threads = threads
    given.cpuparams_batch.n_threads = threads
    # The file is read into memory, not mapped: its contents are then all the memory that it takes, and Lambda reads a file faster in one go.
    given.load_mode = xllamacpp.llama_load_mode.LLAMA_LOAD_MODE_NONE
    # llama.cpp would shrink the context if it thought memory was short.
    given.fit_params = False
    # It keeps no earlier contexts beside those of the slots: they would take memory without a known limit.
    given.cache_ram_mib = 0
    given.n_ctx_checkpoints = 0
    given.warmup = False
    given.verbosity = _ERRORS_ONLY
    given.n_threads_http = 1
    given.sse_ping_interval = -1
    given.ui = False
    given.endpoint_slots = False
    if serving.task == "embed":
        given.embedding = True
        # A text is embedded in a single batch.
        given.n_batch = given.n_ubatch = serving.context_tokens
    with _unused_socket() as place:
        given.hostnames = [place]
        return xllamacpp.Server(given)


@contextmanager
def _unused_socket() -> Iterator[str]:
    """llama.cpp's own server has to listen somewhere: at a socket in a new folder, which is gone before anybody could find it. It is named by its folder's descriptor where its path could be too long for a socket's."""
    folder = tempfile.mkdtemp()
    opened = os.open(folder, os.O_RDONLY) if sys.platform == "linux" else None
    try:
        yield f"{folder if opened is None else f'/proc/self/fd/{opened}'}/{_SOCKET}"
    finally:
        if opened is not None:
            os.close(opened)
        with suppress(FileNotFoundError):
            os.remove(os.path.join(folder, _SOCKET))
        os.rmdir(folder)
