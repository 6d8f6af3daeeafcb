# /// script
# dependencies = ["executorch", "torch"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import torch
from executorch.runtime import Runtime

FILE = "PATH"


class Predictor:
    def setup(self):
        self.method = Runtime.get().load_program(FILE).load_method("forward")

    def predict(self, rows):
        answers = self.method.execute([torch.tensor(rows, dtype=torch.float32)])
        return [each.tolist() for each in answers]
