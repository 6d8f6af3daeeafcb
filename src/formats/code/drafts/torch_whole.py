# /// script
# dependencies = ["torch", "numpy"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import torch

FILE = "PATH"


class Predictor:
    def setup(self):
        # Put the files that define its classes beside this one, under the same names.
        self.model = torch.load(FILE, map_location="cpu", weights_only=False).eval()

    def predict(self, rows):
        with torch.inference_mode():
            return self.model(torch.tensor(rows, dtype=torch.float32)).tolist()
