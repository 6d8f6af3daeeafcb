from __future__ import annotations

import os
import warnings
from typing import Any

from ..config import Facts
from ..language.transformers_engine import TransformersEngine
from ..model import Model
from ..processors import processors
from .language_model import language_model

PLATFORM = "transformers_folder"
# These make Python of their own modules' signatures and templates.
WRITERS = (os.sep + "typing.py", os.path.join(os.sep, "torch", ""), os.path.join(os.sep, "transformers", ""), os.path.join(os.sep, "jinja2", ""))
# Nothing is looked up anywhere, and no code of a folder runs.
_OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY", "HF_DATASETS_OFFLINE")
_LOADED = {"local_files_only": True, "trust_remote_code": False}


def prepare() -> None:
    """Imports what loads the folder, which asks the system for its libraries by a program: before the wall around a model stands."""
    os.environ.update({name: "1" for name in _OFFLINE})
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    import torch
    from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer  # noqa: F401
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.set_num_threads(processors())
    warnings.simplefilter("ignore")


def load(path: str, facts: Facts) -> Model:
    """A network that generates, by transformers' own classes and from safetensors alone."""
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

    if facts.language is None:
        raise ValueError("its facts do not say how a language model is served")
    config = AutoConfig.from_pretrained(path, **_LOADED)
    kind: Any = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
    network = kind.from_pretrained(path, config=config, use_safetensors=True, **_LOADED)
    network.eval()
    tokenizer = AutoTokenizer.from_pretrained(path, **_LOADED)
    return language_model(TransformersEngine(network, tokenizer, facts.language))
