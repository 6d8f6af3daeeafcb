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

    def predict(self, rows=None, steps=None):
        # A forecaster takes `steps`, a number of steps after its history; other models take series, each a list of its channels.
        if steps is not None:
            return np.asarray(self.model.predict(fh=list(range(1, steps + 1)))).tolist()
        return np.asarray(self.model.predict(np.asarray(rows, "float64"))).tolist()
