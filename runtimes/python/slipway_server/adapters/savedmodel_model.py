"""TensorFlow's SavedModel: OpenVINO reads it."""

from .openvino_model import AHEAD, PLATFORM, load

__all__ = ["AHEAD", "PLATFORM", "load"]
