# /// script
# dependencies = ["numpy", "onnxruntime"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import numpy as np
import onnxruntime

FILE = "PATH"


class Predictor:
    def setup(self):
        self.session = onnxruntime.InferenceSession(FILE)

    def predict(self, rows):
        name = self.session.get_inputs()[0].name
        return [np.asarray(each).tolist() for each in self.session.run(None, {name: np.asarray(rows, "float32")})]
