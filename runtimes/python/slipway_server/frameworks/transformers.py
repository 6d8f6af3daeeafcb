"""Hugging Face folders, loaded by transformers: networks that generate, and those over texts and images until they are converted."""

from __future__ import annotations

import json
import os
import warnings
from typing import Any, Iterator

import numpy as np

from ..adapters.language_model import language_model
from ..config import Facts, Pipeline
from ..conversion.encoder import in_blocks
from ..conversion.native import Conversion
from ..images.classification import image_model
from ..language.transformers_engine import TransformersEngine
from ..model import Model
from ..processors import processors
from .device import device_of
from .encoders import encoder_model
from .pooling import head_of, pooled

PLATFORM = "transformers_folder"
REFUSES_UNKNOWN = False
# These modules generate Python from their own signatures and templates.
WRITERS = (os.sep + "typing.py", os.path.join(os.sep, "torch", ""), os.path.join(os.sep, "transformers", ""), os.path.join(os.sep, "jinja2", ""))
# Nothing is looked up anywhere, and no code of a folder runs.
_OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY", "HF_DATASETS_OFFLINE")
_LOADED = {"local_files_only": True, "trust_remote_code": False}


def prepare() -> None:
    """Imports the modules that load the folder, before the wall around a model stands: they look for the system's libraries by starting a program."""
    os.environ.update({name: "1" for name in _OFFLINE})
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    import torch
    from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer, pipeline  # noqa: F401
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.set_num_threads(processors())
    warnings.simplefilter("ignore")


def load(path: str, facts: Facts) -> Model:
    """Loads a folder by transformers' own classes and from safetensors; where there are none, from torch's own file, from which it reads only weights."""
    device = device_of(facts)
    if facts.pipeline and facts.pipeline.task == "image-classification":
        classifier = ImageClassifier(path, device)
        return image_model(classifier, classifier.asked())
    if facts.pipeline and not facts.language:
        return encoder_model(Encoder(path, facts.pipeline, device), facts.signature)
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

    if facts.language is None:
        raise ValueError("its facts do not say how a language model is served")
    config = AutoConfig.from_pretrained(path, **_LOADED)
    kind: Any = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
    network = kind.from_pretrained(path, config=config, **_weights(path), **_LOADED)
    network.eval().to(device)
    tokenizer = AutoTokenizer.from_pretrained(path, **_LOADED)
    return language_model(TransformersEngine(network, tokenizer, facts.language))


# The tasks by the names of transformers' pipelines: the class that loads a network for each, and the network's outputs.
TASKS = {
    "text-classification": ("AutoModelForSequenceClassification", ("logits",)),
    "token-classification": ("AutoModelForTokenClassification", ("logits",)),
    "question-answering": ("AutoModelForQuestionAnswering", ("start_logits", "end_logits")),
    "fill-mask": ("AutoModelForMaskedLM", ("logits",)),
    "feature-extraction": ("AutoModel", ("last_hidden_state",)),
}


# The output's name for the vector of a text: runtimes/onnx/language/tasks/features.ts.
POOLED = "sentence_embedding"


class Encoder:
    """A network over texts, its tokenizer, and its purpose. A folder of sentence-transformers, `root`, has the network in a folder within, and the answers are the vectors of texts."""

    def __init__(self, root: str, said: Pipeline, device: str) -> None:
        import transformers

        folder = _own_folder(root)
        class_name, self.outputs = TASKS[said.task]
        config = transformers.AutoConfig.from_pretrained(folder, **_LOADED)
        # This class loads only the encoder of an encoder-decoder.
        if said.architecture.endswith("EncoderModel") or (said.pooling and type(config) in transformers.MODEL_FOR_TEXT_ENCODING_MAPPING):
            class_name = "AutoModelForTextEncoding"
        self.head = head_of(root, said).to(device) if said.pooling else None
        if self.head is not None:
            self.outputs = (POOLED,)
        self.said, self.device = said, device
        self.network = getattr(transformers, class_name).from_pretrained(folder, **_weights(folder), **_LOADED)
        # Single precision, in which the network is converted and compared.
        self.network.eval().float().to(device)
        if in_blocks(self.network.config, said.max_tokens):
            # After a short text transformers would read all texts as short ones.
            self.network.base_model.register_forward_pre_hook(lambda network, _given: network.set_attention_type("block_sparse"))
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **_LOADED)

    def tokens(self, texts: Any, pairs: Any = None) -> Any:
        given = {"max_length": self.said.max_tokens} if self.said.max_tokens else {}
        if self.said.pooling:
            texts = [self._prompted(each) for each in texts]
        return self.tokenizer(texts, pairs, padding=True, truncation=bool(given), return_tensors="pt", **given)

    def _prompted(self, text: str) -> str:
        whole = f"{self.said.prompt}{text}"
        # The tokenizers library also lowers letter by letter.
        return "".join(letter.lower() for letter in whole) if self.said.lowers else whole

    def answers(self, tokens: Any) -> list[Any]:
        import torch

        with torch.inference_mode():
            return [each.cpu() for each in self.forward({name: each.to(self.device) for name, each in tokens.items()})]

    def forward(self, tokens: Any) -> tuple[Any, ...]:
        """The network's answer to tokens, in the order of its `outputs`."""
        answer = self.network(**tokens)
        if self.head is None:
            return tuple(getattr(answer, name) for name in self.outputs)
        return (self.head(pooled(answer.last_hidden_state, self.mask(tokens), self.said.pooling)),)

    def vectors(self, answer: Any, tokens: Any) -> Any:
        """One vector of each text; without modules of sentence-transformers the mean of its tokens' vectors, which is that library's default."""
        return pooled(answer, self.mask(tokens), None) if self.head is None else answer

    @staticmethod
    def mask(tokens: Any) -> Any:
        """Marks the tokens that are not padding; all count where the network gets no mask."""
        import torch

        return tokens["attention_mask"] if "attention_mask" in tokens else torch.ones_like(tokens["input_ids"])


class ImageClassifier:
    """A network over images, and the processor that prepares them."""

    def __init__(self, path: str, device: str) -> None:
        import transformers

        self.device = device
        self.network = transformers.AutoModelForImageClassification.from_pretrained(path, **_weights(path), **_LOADED)
        # Single precision, in which the network is converted and compared.
        self.network.eval().float().to(device)
        # Pillow resizes the images, as in training, and to the bit as in the ONNX server; torchvision resizes a little differently.
        self.processor = transformers.AutoImageProcessor.from_pretrained(path, backend="pil", **_LOADED)

    def asked(self) -> Any:
        """transformers' pipeline."""
        from transformers import pipeline

        return pipeline("image-classification", model=self.network, image_processor=self.processor, device=self.device)

    def pixels(self, image: Any) -> Any:
        return self.processor(images=image, return_tensors="pt")["pixel_values"]

    def logits(self, pixels: Any) -> Any:
        import torch

        with torch.inference_mode():
            return self.network(pixel_values=pixels.to(self.device)).logits.cpu()

    def scores(self, logits: np.ndarray) -> np.ndarray:
        """The scores that transformers' pipeline makes of the logits."""
        config = self.network.config
        if config.problem_type == "regression":
            return logits
        if config.problem_type == "multi_label_classification" or config.num_labels == 1:
            likely: np.ndarray = 1 / (1 + np.exp(-logits))
            return likely
        powers = np.exp(logits - logits.max(-1, keepdims=True))
        shares: np.ndarray = powers / powers.sum(-1, keepdims=True)
        return shares


def _weights(folder: str) -> dict[str, bool]:
    """Selects the weights that inspection has read: without safetensors, torch's own, which inspection has followed opcode by opcode."""
    has_tensors = any(os.path.exists(os.path.join(folder, f"model.safetensors{ending}")) for ending in ("", ".index.json"))
    return {"use_safetensors": has_tensors, "weights_only": True}


def _own_folder(path: str) -> str:
    """The network's folder in a folder of sentence-transformers."""
    listed = os.path.join(path, "modules.json")
    if not os.path.exists(listed):
        return path
    with open(listed, encoding="utf-8") as file:
        return os.path.join(path, json.load(file)[0]["path"])


def converted_whole(model: Model, out: str, is_int8: bool) -> dict[str, Any]:
    """Writes the network as ONNX if that answers the golden texts or images like transformers; with `is_int8`, of plain matrices, which can be quantized."""
    if isinstance(model.native, ImageClassifier):
        from ..conversion.image_classifier import converted_image_classifier

        return converted_image_classifier(model.native, out)
    from ..conversion.encoder import converted_encoder

    return converted_encoder(model.native, out, is_fused=not is_int8)


def quantized(model: Model, path: str) -> dict[str, Any]:
    """Quantizes the ONNX that `converted_whole` wrote, if its answers stay the same."""
    if isinstance(model.native, ImageClassifier):
        return {"kept": False, "reason": "it takes images, and int8 is proven on texts alone"}
    from ..conversion.int8 import quantized as in_int8

    return in_int8(model.native, path)


def conversions(_model: Model) -> Iterator[Conversion]:
    return iter(())


def own_model(_value: Any, _facts: Facts) -> None:
    return None


def names(_part: Any) -> tuple[()]:
    return ()


def categories(_part: Any) -> dict[str, np.ndarray]:
    return {}


def thresholds(_model: Any, _width: int) -> Iterator[tuple[int, float]]:
    return iter(())


def register_converters() -> None:
    """No pipeline of scikit-learn contains a network of transformers."""
