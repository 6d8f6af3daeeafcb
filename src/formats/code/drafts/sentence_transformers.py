# /// script
# dependencies = ["sentence-transformers"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

from sentence_transformers import SentenceTransformer

FILE = "PATH"


class Predictor:
    def setup(self):
        self.model = SentenceTransformer(FILE)

    def predict(self, texts):
        return self.model.encode(texts).tolist()
