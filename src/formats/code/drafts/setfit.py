# /// script
# dependencies = ["setfit", "sentence-transformers", "transformers", "torch", "numpy"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

from setfit import SetFitModel

FILE = "PATH"


class Predictor:
    def setup(self):
        self.model = SetFitModel.from_pretrained(FILE, local_files_only=True)

    def predict(self, inputs):
        texts = [inputs] if isinstance(inputs, str) else inputs
        likely = self.model.predict_proba(texts).tolist()
        labels = self.model.predict(texts)
        return [{"label": str(label), "score": max(each)} for label, each in zip(labels, likely)]
