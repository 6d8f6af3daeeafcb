# /// script
# dependencies = ["transformers", "torch", "numpy"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import torch
from transformers import AutoModelForQuestionAnswering, AutoTokenizer

FILE = "PATH"


class Predictor:
    def setup(self):
        self.model = AutoModelForQuestionAnswering.from_pretrained(FILE).eval()
        self.tokenizer = AutoTokenizer.from_pretrained(FILE)

    def predict(self, question, context):
        tokens = self.tokenizer(question, context, return_tensors="pt", truncation="only_second")
        with torch.inference_mode():
            said = self.model(**tokens)
        first, last = int(said.start_logits.argmax()), int(said.end_logits.argmax())
        return {"answer": self.tokenizer.decode(tokens["input_ids"][0][first : last + 1])}
