# /// script
# dependencies = ["transformers", "torch", "numpy", "scipy", "soundfile"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import base64
import io

import soundfile
from scipy.signal import resample_poly
from transformers import pipeline

FILE = "PATH"


class Predictor:
    def setup(self):
        self.model = pipeline("TASK", model=FILE)
        self.rate = self.model.feature_extractor.sampling_rate

    def predict(self, audio):
        # The WAV, FLAC, OGG or MP3 file is the body of the request, or a text in base64.
        raw = audio if isinstance(audio, bytes) else base64.b64decode(audio)
        sound, rate = soundfile.read(io.BytesIO(raw), dtype="float32", always_2d=True)
        heard = resample_poly(sound.mean(axis=1), self.rate, rate).astype("float32")
        return self.model({"raw": heard, "sampling_rate": self.rate})
