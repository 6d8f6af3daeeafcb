# /// script
# dependencies = ["transformers", "torch", "numpy", "av"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import base64
import tempfile

from transformers import pipeline

FILE = "PATH"


class Predictor:
    def setup(self):
        self.model = pipeline("TASK", model=FILE)

    def predict(self, video):
        # The MP4 or WebM file is the body of the request, or a text in base64.
        raw = video if isinstance(video, bytes) else base64.b64decode(video)
        with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
            file.write(raw)
            file.flush()
            return self.model(file.name)
