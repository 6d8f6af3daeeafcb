# /// script
# dependencies = ["joblib", "numpy", "pandas", "scikit-learn"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import joblib
import numpy as np
import pandas as pd

FILE = "PATH"


class Predictor:
    def setup(self):
        # List the packages that define its classes in requirements.txt, in the versions that saved it, and its Python (3.12) in .python-version.
        saved = joblib.load(FILE)
        self.model = saved

    def predict(self, rows):
        # The label 1 is an outlier; the score is higher the farther out a row is.
        rows = rows.to_dict("records") if hasattr(rows, "to_dict") else rows
        rows = [rows] if isinstance(rows, dict) else rows
        is_table = isinstance(rows[0], dict)
        rows = pd.DataFrame(rows) if is_table else np.atleast_2d(np.asarray(rows, "float64"))
        scores = self.model.decision_function(rows)
        return {"labels": self.model.predict(rows).tolist(), "scores": scores.tolist()}
