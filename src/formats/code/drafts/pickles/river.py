# /// script
# dependencies = ["joblib"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import joblib

FILE = "PATH"


class Predictor:
    def setup(self):
        # List the packages that define its classes in requirements.txt, in the versions that saved it, and its Python (3.12) in .python-version.
        saved = joblib.load(FILE)
        self.model = saved

    def predict(self, rows):
        # A row is an object of features, or a text. JSON has a text where Python had a number as a name.
        rows = rows.to_dict("records") if hasattr(rows, "to_dict") else rows
        rows = rows if isinstance(rows, list) else [rows]
        last = list(self.model.steps.values())[-1] if hasattr(self.model, "steps") else self.model
        ask = next(name for name in ("predict_one", "score_one", "transform_one") if hasattr(last, name))
        ask = getattr(self.model, ask)
        return [ask(self.named(row)) for row in rows]

    def named(self, row):
        if not isinstance(row, dict):
            return row
        return {int(name) if name.isdigit() else name: value for name, value in row.items()}
