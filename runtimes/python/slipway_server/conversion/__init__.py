"""From a framework's model to ONNX, in an environment of its own with the converters and the framework."""
