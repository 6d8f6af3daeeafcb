# /// script
# dependencies = ["transformers", "torch", "numpy"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

FILE = "PATH"


class Predictor:
    def setup(self):
        self.model = AutoModelForSeq2SeqLM.from_pretrained(FILE).eval()
        self.tokenizer = AutoTokenizer.from_pretrained(FILE)

    def predict(self, inputs):
        texts = [inputs] if isinstance(inputs, str) else inputs
        tokens = self.tokenizer(texts, return_tensors="pt", padding=True, truncation=True)
        with torch.inference_mode():
            made = self.model.generate(**tokens, max_new_tokens=128)
        return self.tokenizer.batch_decode(made, skip_special_tokens=True)
