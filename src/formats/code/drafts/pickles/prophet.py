# /// script
# dependencies = ["joblib", "numpy", "pandas"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import joblib
import pandas as pd

FILE = "PATH"


class Predictor:
    def setup(self):
        # List the packages that define its classes in requirements.txt, in the versions that saved it, and its Python (3.12) in .python-version.
        saved = joblib.load(FILE)
        self.model = saved

    def predict(self, rows=None, periods=None):
        # A row is {"ds": "2026-01-31"} with the extra regressors, if the model has any; `periods` is a number of days after its history.
        rows = rows.to_dict("records") if hasattr(rows, "to_dict") else rows
        if rows is None:
            table = self.model.make_future_dataframe(periods, include_history=False)
        else:
            table = pd.DataFrame(rows if isinstance(rows, list) else [rows])
        answers = self.model.predict(table)
        names = [name for name in ("ds", "yhat", "yhat_lower", "yhat_upper") if name in answers]
        return answers[names].assign(ds=answers["ds"].astype(str)).to_dict("records")
