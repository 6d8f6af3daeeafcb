# /// script
# dependencies = ["joblib", "numpy", "pandas", "scikit-learn"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import hdbscan
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
        if isinstance(rows, list) and isinstance(rows[0], dict):
            rows = pd.DataFrame(rows)
        # It can predict new rows only if it was made with prediction_data=True.
        labels, strengths = hdbscan.approximate_predict(self.model, np.atleast_2d(rows))
        return {"labels": labels.tolist(), "strengths": strengths.tolist()}
