# /// script
# dependencies = ["safetensors", "numpy"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

from safetensors.numpy import load_file

FILE = "PATH"


class Predictor:
    def setup(self):
        # The file has weights alone: the computation is in the code that made them.
        self.weights = load_file(FILE)

    def predict(self, rows):
        raise NotImplementedError("answer with what the model makes of these rows")
