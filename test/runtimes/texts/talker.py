"""A language model of tests alone. It answers a text with its words from the last to the first, one in each chunk, so that tests of the protocol need no llama.cpp."""

from __future__ import annotations

from typing import Any


def load(_path: str, facts: Any) -> Any:
    # Not before the server has entered its walls.
    from slipway_server.adapters.language_model import language_model

    return language_model(Talker(facts.language))


class Talker:
    """The interface of `slipway_server.language.engine.Engine`."""

    def __init__(self, serving: Any) -> None:
        self.serving = serving
        self.tell = lambda _generation: None

    def complete(self, request: dict[str, Any], emit: Any, _asked: Any = None) -> None:
        from slipway_server.language.choices import each_choice

        def answer(own: dict[str, Any], tell: Any) -> None:
            for index, prompt in enumerate([own["prompt"]] if isinstance(own["prompt"], str) else own["prompt"]):
                for choice, more in self._said(prompt, own, bool(own.get("logprobs"))):
                    if tell({"id": "cmpl-1", "object": "text_completion", "created": 1, "choices": [{"index": index, **choice}], **more}):
                        return

        each_choice(request, emit, 1, answer)

    def chat(self, request: dict[str, Any], emit: Any, _asked: Any = None) -> None:
        from slipway_server.language.choices import each_choice

        text = " ".join(_text_of(each.get("content")) for each in request["messages"])
        about = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1}

        def answer(own: dict[str, Any], tell: Any) -> None:
            said = list(self._said(text, own, bool(own.get("logprobs"))))
            if tell({**about, "choices": [{"index": 0, "delta": {"role": "assistant", "content": None}, "finish_reason": None}]}):
                return
            if own.get("tools") and own.get("tool_choice") != "none":
                function = {"name": own["tools"][0]["function"]["name"], "arguments": "{}"}
                call = {"index": 0, "id": "call_1", "type": "function", "function": function}
                tell({**about, "choices": [{"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": None}]})
                tell({**about, "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}], "usage": _usage(len(text.split()), 1)})
                return
            for choice, more in said:
                delta = {"content": choice["text"]} if choice["text"] else {}
                told = {"index": 0, "delta": delta, "finish_reason": choice["finish_reason"], "logprobs": choice["logprobs"]}
                if tell({**about, "choices": [told], **more}):
                    return

        each_choice(request, emit, 1, answer)

    def embed(self, request: dict[str, Any], _asked: Any = None) -> dict[str, Any]:
        texts = [request["input"]] if isinstance(request["input"], str) else request["input"]
        vectors = [[float(len(text)), float(len(text.split()))] for text in texts]
        count = sum(len(text.split()) for text in texts)
        data = [{"object": "embedding", "index": at, "embedding": vector} for at, vector in enumerate(vectors)]
        return {"object": "list", "data": data, "usage": {"prompt_tokens": count, "total_tokens": count}}

    def _said(self, text: str, request: dict[str, Any], has_marks: bool) -> Any:
        """Each word as a choice, and the end with its usage."""
        from slipway_server.language.engine import too_long

        given = text.split()
        if len(given) > self.serving.context_tokens:
            raise too_long(len(given), self.serving.context_tokens)
        most = request.get("max_completion_tokens", request.get("max_tokens", -1))
        words = given[::-1] if most < 0 else given[::-1][:most]
        for at, word in enumerate(words):
            token = word if at == 0 else f" {word}"
            mark = {"id": at, "token": token, "bytes": list(token.encode()), "logprob": -0.5}
            marks = {"content": [{**mark, "top_logprobs": [mark]}]} if has_marks else None
            yield {"text": token, "logprobs": marks, "finish_reason": None}, {}
        reason = "stop" if len(words) == len(given) else "length"
        yield {"text": "", "logprobs": None, "finish_reason": reason}, {"usage": _usage(len(given), len(words))}


def _text_of(content: Any) -> str:
    return content if isinstance(content, str) else " ".join(part.get("text", "") for part in content or [])


def _usage(given: int, made: int) -> dict[str, int]:
    return {"prompt_tokens": given, "completion_tokens": made, "total_tokens": given + made}
