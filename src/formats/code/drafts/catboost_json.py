# /// script
# dependencies = ["catboost"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

from catboost import CatBoost

FILE = "PATH"


class Predictor:
    def setup(self):
        self.model = CatBoost().load_model(FILE, format="json")

    def predict(self, rows):
        # CatBoost returns raw values; use CatBoostClassifier instead for classes and probabilities.
        return self.model.predict(rows).tolist()
