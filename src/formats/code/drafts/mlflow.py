# /// script
# dependencies = ["mlflow"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import mlflow.pyfunc

FILE = "PATH"


class Predictor:
    def setup(self):
        self.model = mlflow.pyfunc.load_model(FILE)

    def predict(self, rows):
        return self.model.predict(rows)
