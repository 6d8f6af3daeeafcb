# /// script
# dependencies = ["ultralytics", "pillow"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import base64
import io

from PIL import Image
from ultralytics import YOLO

FILE = "PATH"


class Predictor:
    def setup(self):
        self.model = YOLO(FILE)
        # Warm up here: the first inference takes seconds, and no client should wait for it.
        self.model(Image.new("RGB", (64, 64)), verbose=False)

    def predict(self, image):
        # The picture is the body of the request, or a text in base64.
        raw = image if isinstance(image, bytes) else base64.b64decode(image)
        picture = Image.open(io.BytesIO(raw))
        return [each.summary() for each in self.model(picture, verbose=False)]
