# /// script
# dependencies = ["transformers", "torch", "numpy", "pillow"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import base64
import io

import torch
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor

FILE = "PATH"


class Predictor:
    def setup(self):
        self.model = AutoModelForImageTextToText.from_pretrained(FILE).eval()
        self.processor = AutoProcessor.from_pretrained(FILE)

    def predict(self, image, text=None):
        # The picture is the body of the request, or a text in base64.
        raw = image if isinstance(image, bytes) else base64.b64decode(image)
        picture = Image.open(io.BytesIO(raw)).convert("RGB")
        # Most models expect an image placeholder in the prompt; see the model card for its exact form.
        asked = {"text": text} if text else {}
        tensors = self.processor(images=picture, return_tensors="pt", **asked)
        with torch.inference_mode():
            made = self.model.generate(**tensors, max_new_tokens=128)
        return self.processor.batch_decode(made, skip_special_tokens=True)
