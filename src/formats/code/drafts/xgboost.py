# /// script
# dependencies = ["xgboost-cpu", "pandas"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import pandas as pd
import xgboost

FILE = "PATH"


class Predictor:
    def setup(self):
        self.model = xgboost.Booster(model_file=FILE)

    def predict(self, rows):
        # A row is a list of numbers in the order of the columns, or an object with a number for each column's name.
        rows = rows.to_dict("records") if hasattr(rows, "to_dict") else rows
        names = self.model.feature_names
        is_named = names and isinstance(rows[0], dict)
        table = pd.DataFrame(rows)[names] if is_named else pd.DataFrame(rows, columns=names)
        return self.model.predict(xgboost.DMatrix(table)).tolist()
