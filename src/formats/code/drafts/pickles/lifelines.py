# /// script
# dependencies = ["joblib", "numpy", "pandas"]
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
        # An object is a row: Cox models return its partial hazard, other models its expected survival time. Numbers are times on a fitted curve.
        rows = rows.to_dict("records") if hasattr(rows, "to_dict") else rows
        rows = rows if isinstance(rows, list) else [rows]
        if not isinstance(rows[0], dict):
            return np.asarray(self.model.predict(rows)).tolist()
        answer = getattr(self.model, "predict_partial_hazard", None) or self.model.predict_expectation
        return answer(pd.DataFrame(rows)).tolist()
