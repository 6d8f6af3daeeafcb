# /// script
# dependencies = ["transformers", "torch", "numpy", "scipy", "soundfile"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import base64
import io

import soundfile
import torch
from scipy.signal import resample_poly
from transformers import AutoModelForSeq2SeqLM, AutoProcessor

FILE = "PATH"


class Predictor:
    def setup(self):
        self.model = AutoModelForSeq2SeqLM.from_pretrained(FILE).eval()
        self.processor = AutoProcessor.from_pretrained(FILE)
        self.rate = self.processor.feature_extractor.sampling_rate

    def predict(self, audio, text):
        # The WAV, FLAC, OGG or MP3 file is the body of the request, or a text in base64.
        raw = audio if isinstance(audio, bytes) else base64.b64decode(audio)
        sound, rate = soundfile.read(io.BytesIO(raw), dtype="float32", always_2d=True)
        heard = resample_poly(sound.mean(axis=1), self.rate, rate).astype("float32")
        # Most models expect a sound placeholder in the prompt; see the model card for its exact form.
        tensors = self.processor(text=text, audio=heard, sampling_rate=self.rate, return_tensors="pt")
        with torch.inference_mode():
            made = self.model.generate(**tensors, max_new_tokens=128)
        return self.processor.batch_decode(made, skip_special_tokens=True)
