# /// script
# dependencies = ["joblib", "numpy", "scikit-learn"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import joblib
import numpy as np

FILE = "PATH"


class Predictor:
    def setup(self):
        # List the packages that define its classes in requirements.txt, in the versions that saved it, and its Python (3.12) in .python-version.
        saved = joblib.load(FILE)
        self.model = saved

    def predict(self, steps, exog=None):
        # `steps` is a number of steps after its history; `exog` has the other variables, if the model has any.
        more = None if exog is None else np.asarray(exog, "float64")
        return np.asarray(self.model.predict(steps, X=more)).tolist()
