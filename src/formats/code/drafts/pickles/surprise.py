# /// script
# dependencies = ["joblib"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import joblib

FILE = "PATH"


class Predictor:
    def setup(self):
        # List the packages that define its classes in requirements.txt, in the versions that saved it, and its Python (3.12) in .python-version.
        saved = joblib.load(FILE)
        # surprise.dump stores the algorithm together with its predictions.
        self.model = saved["algo"] if isinstance(saved, dict) else saved

    def predict(self, pairs):
        # The request is an object with a user and an item, or a list of such objects.
        several = pairs if isinstance(pairs, list) else [pairs]
        found = [self.model.predict(pair["user"], pair["item"]).est for pair in several]
        return found if isinstance(pairs, list) else found[0]
