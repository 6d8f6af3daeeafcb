"""A folder of Hugging Face with its weights as safetensors: transformers loads it."""

from ..frameworks.transformers import PLATFORM, WRITERS, load, prepare

__all__ = ["PLATFORM", "WRITERS", "load", "prepare"]
