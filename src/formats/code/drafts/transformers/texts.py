# /// script
# dependencies = ["transformers", "torch", "numpy"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

from transformers import pipeline

FILE = "PATH"


class Predictor:
    def setup(self):
        self.model = pipeline("TASK", model=FILE)

    def predict(self, inputs):
        return self.model(inputs)
