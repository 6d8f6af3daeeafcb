# /// script
# dependencies = ["lightning", "torch", "numpy"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import torch

# Put the file with the LightningModule that was trained beside this one.
from model import Net

FILE = "PATH"


class Predictor:
    def setup(self):
        self.model = Net.load_from_checkpoint(FILE, map_location="cpu").eval()

    def predict(self, rows):
        with torch.inference_mode():
            return self.model(torch.tensor(rows, dtype=torch.float32)).tolist()
