# /// script
# dependencies = ["ai-edge-litert", "numpy"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import numpy as np
from ai_edge_litert.interpreter import Interpreter

FILE = "PATH"


class Predictor:
    def setup(self):
        self.run = Interpreter(model_path=FILE).get_signature_runner()

    def predict(self, rows):
        [name] = self.run.get_input_details()
        answers = self.run(**{name: np.asarray(rows, "float32")})
        return {name: value.tolist() for name, value in answers.items()}
