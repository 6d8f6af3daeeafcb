"""Converts a framework's model to ONNX, in its own environment with the converters and the framework."""
