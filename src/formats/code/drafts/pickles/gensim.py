# /// script
# dependencies = ["gensim"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

from gensim.utils import SaveLoad

FILE = "PATH"


class Predictor:
    def setup(self):
        # Put the `.npy` files that were saved with it beside it.
        saved = SaveLoad.load(FILE)
        self.model = getattr(saved, "wv", saved)

    def predict(self, words):
        # A topic model has no vectors: replace this with the topics of a bag of words.
        return [self.model[word].tolist() if word in self.model else None for word in words]
