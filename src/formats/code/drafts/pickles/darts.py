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

    def predict(self, steps):
        return self.model.predict(steps).values().tolist()
