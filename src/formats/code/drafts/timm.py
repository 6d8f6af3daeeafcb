# /// script
# dependencies = ["timm", "torch", "torchvision", "pillow", "safetensors", "numpy"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import base64
import io
import json
import os

import timm
import torch
from PIL import Image

FILE = "PATH"


class Predictor:
    def setup(self):
        with open(os.path.join(FILE, "config.json")) as file:
            said = json.load(file)
        weights = os.path.join(FILE, "model.safetensors")
        self.model = timm.create_model(
            said["architecture"], checkpoint_path=weights, num_classes=said["num_classes"]
        ).eval()
        self.prepare = timm.data.create_transform(**timm.data.resolve_data_config(said["pretrained_cfg"]))

    def predict(self, image):
        # The picture is the body of the request, or a text in base64.
        raw = image if isinstance(image, bytes) else base64.b64decode(image)
        picture = Image.open(io.BytesIO(raw)).convert("RGB")
        with torch.inference_mode():
            scores = self.model(self.prepare(picture).unsqueeze(0))[0].softmax(-1)
        best = scores.topk(min(5, len(scores)))
        return [{"label": int(at), "score": float(score)} for score, at in zip(*best)]
