# /// script
# dependencies = ["torch", "numpy"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import torch

FILE = "PATH"


class Predictor:
    def setup(self):
        self.model = torch.export.load(FILE).module()

    def predict(self, rows):
        with torch.inference_mode():
            return self.model(torch.tensor(rows, dtype=torch.float32)).tolist()
