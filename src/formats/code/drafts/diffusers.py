# /// script
# dependencies = ["diffusers", "transformers", "torch", "numpy", "pillow", "accelerate"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import base64
import io

import torch
from diffusers import DiffusionPipeline

FILE = "PATH"


class Predictor:
    def setup(self):
        device = "cuda" if torch.cuda.is_available() else "cpu"
        dtype = torch.float16 if device == "cuda" else torch.float32
        self.model = DiffusionPipeline.from_pretrained(FILE, torch_dtype=dtype, local_files_only=True).to(device)

    def predict(self, prompt, steps=25):
        # The answer is a PNG in base64.
        picture = self.model(prompt, num_inference_steps=steps).images[0]
        written = io.BytesIO()
        picture.save(written, "PNG")
        return {"image": base64.b64encode(written.getvalue()).decode()}
