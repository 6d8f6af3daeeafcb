# /// script
# dependencies = ["gliner", "transformers", "torch", "numpy"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

from gliner import GLiNER

FILE = "PATH"


class Predictor:
    def setup(self):
        self.model = GLiNER.from_pretrained(FILE, local_files_only=True)

    def predict(self, inputs, labels):
        texts = [inputs] if isinstance(inputs, str) else inputs
        return [self.model.predict_entities(text, labels, threshold=0.5) for text in texts]
