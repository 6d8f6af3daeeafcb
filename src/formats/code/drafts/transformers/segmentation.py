# /// script
# dependencies = ["transformers", "torch", "numpy", "pillow"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import base64
import io

from PIL import Image
from transformers import pipeline

FILE = "PATH"


class Predictor:
    def setup(self):
        self.model = pipeline("TASK", model=FILE)

    def predict(self, image):
        # The picture is the body of the request, or a text in base64.
        raw = image if isinstance(image, bytes) else base64.b64decode(image)
        picture = Image.open(io.BytesIO(raw)).convert("RGB")
        found = self.model(picture)
        return [{**each, "mask": self.shown(each["mask"])} for each in found]

    def shown(self, picture):
        """Returns the picture as a PNG in base64."""
        written = io.BytesIO()
        picture.save(written, "PNG")
        return base64.b64encode(written.getvalue()).decode()
