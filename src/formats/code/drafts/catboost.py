# /// script
# dependencies = ["catboost", "pandas"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import catboost
import pandas as pd

FILE = "PATH"


class Predictor:
    def setup(self):
        self.model = catboost.CatBoost().load_model(FILE)
        self.kind = "Probability" if len(self.model.classes_) > 0 else "RawFormulaVal"

    def predict(self, rows):
        # A row is a list of values in the order of the columns, or an object with a value for each column's name; an embedding is a list of numbers.
        rows = rows.to_dict("records") if hasattr(rows, "to_dict") else rows
        names = self.model.feature_names_
        table = pd.DataFrame(rows)[names] if isinstance(rows[0], dict) else pd.DataFrame(rows, columns=names)
        return self.model.predict(table, prediction_type=self.kind).tolist()
