# /// script
# dependencies = ["gensim"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

from gensim.models import KeyedVectors

FILE = "PATH"


class Predictor:
    def setup(self):
        self.model = KeyedVectors.load_word2vec_format(FILE, binary=False)

    def predict(self, words):
        # A word that is not in the vocabulary has no vector.
        return [self.model[word].tolist() if word in self.model else None for word in words]
