# /// script
# dependencies = ["fasttext-wheel", "numpy<2"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import fasttext

FILE = "PATH"


class Predictor:
    def setup(self):
        self.model = fasttext.load_model(FILE)

    def predict(self, texts):
        # A model that was trained without labels has only vectors: self.model.get_sentence_vector(text).tolist()
        labels, scores = self.model.predict([text.replace("\n", " ") for text in texts], k=3)
        return [{"labels": list(one), "scores": [float(each) for each in of]} for one, of in zip(labels, scores)]
