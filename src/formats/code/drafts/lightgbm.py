# /// script
# dependencies = ["lightgbm", "pandas"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import lightgbm
import pandas as pd

FILE = "PATH"


class Predictor:
    def setup(self):
        self.model = lightgbm.Booster(model_file=FILE)

    def predict(self, rows):
        # A row is a list of numbers in the order of the columns, or an object with a number for each column's name.
        rows = rows.to_dict("records") if hasattr(rows, "to_dict") else rows
        names = self.model.feature_name()
        table = pd.DataFrame(rows)[names] if isinstance(rows[0], dict) else pd.DataFrame(rows, columns=names)
        return self.model.predict(table).tolist()
