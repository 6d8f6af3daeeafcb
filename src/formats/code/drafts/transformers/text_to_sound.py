# /// script
# dependencies = ["transformers", "torch", "numpy", "soundfile"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import base64
import io

import soundfile
from transformers import pipeline

FILE = "PATH"


class Predictor:
    def setup(self):
        self.model = pipeline("TASK", model=FILE)

    def predict(self, text):
        # The answer is a WAV file in base64.
        said = self.model(text)
        written = io.BytesIO()
        soundfile.write(written, said["audio"].squeeze(), said["sampling_rate"], format="WAV")
        return {"audio": base64.b64encode(written.getvalue()).decode()}
