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
        self.model = saved

    def predict(self, user=None, item=None, count=10):
        # Returns items for a user, or items like one, by their numbers in the matrix that the model was fitted on. Items that the user already has are included.
        if item is not None:
            items, scores = self.model.similar_items(item, N=count)
        else:
            items, scores = self.model.recommend(user, None, N=count, filter_already_liked_items=False)
        return {"items": items.tolist(), "scores": scores.tolist()}
