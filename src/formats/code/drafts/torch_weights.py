# /// script
# dependencies = ["torch", "numpy"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import torch

# Put the file with the class of the module that was trained beside this one.
from model import Net

FILE = "PATH"


class Predictor:
    def setup(self):
        saved = torch.load(FILE, map_location="cpu", weights_only=True)
        # A checkpoint has the weights under one of these names, beside the epoch and the optimizer.
        names = [name for name in ("state_dict", "model_state_dict", "model") if name in saved]
        self.model = Net()
        self.model.load_state_dict(saved[names[0]] if names else saved)
        self.model.eval()

    def predict(self, rows):
        with torch.inference_mode():
            return self.model(torch.tensor(rows, dtype=torch.float32)).tolist()
