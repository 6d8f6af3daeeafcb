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

    def predict(self, rows=None, steps=None, exog=None):
        # Rows are as the model was fitted on: objects if it has a formula. For a time series give `steps`, and `exog` if it has other variables.
        if steps is None:
            rows = rows.to_dict("records") if hasattr(rows, "to_dict") else rows
            rows = [rows] if isinstance(rows, dict) else rows
            is_table = isinstance(rows[0], dict)
            rows = pd.DataFrame(rows) if is_table else np.atleast_2d(np.asarray(rows, "float64"))
            return np.asarray(self.model.predict(rows)).tolist()
        if type(self.model).__name__.startswith("VARResults"):
            return self.model.forecast(self.model.endog[-self.model.k_ar :], steps).tolist()
        more = {} if exog is None else {"exog": np.asarray(exog, "float64")}
        return np.asarray(self.model.forecast(steps, **more)).tolist()
