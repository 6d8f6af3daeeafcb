# /// script
# dependencies = ["openvino", "numpy"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import numpy as np
import openvino

FILE = "PATH"


class Predictor:
    def setup(self):
        self.model = openvino.Core().compile_model(FILE, "CPU")

    def predict(self, rows):
        # A model with several inputs takes a dictionary from the name of each to its array.
        answers = self.model(np.asarray(rows, "float32"))
        return {output.any_name: answers[output].tolist() for output in self.model.outputs}
