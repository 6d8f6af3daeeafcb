# /// script
# dependencies = ["spacy"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import spacy

FILE = "PATH"


class Predictor:
    def setup(self):
        self.nlp = spacy.load(FILE)

    def predict(self, texts):
        found = []
        for text in self.nlp.pipe(texts):
            entities = [{"text": each.text, "label": each.label_} for each in text.ents]
            found.append({"entities": entities, "categories": text.cats})
        return found
