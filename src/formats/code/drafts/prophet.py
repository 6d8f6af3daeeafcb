# /// script
# dependencies = ["prophet", "pandas"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import pandas as pd
from prophet.serialize import model_from_json

FILE = "PATH"


class Predictor:
    def setup(self):
        with open(FILE) as file:
            self.model = model_from_json(file.read())

    def predict(self, rows):
        # A row is {"ds": "2026-01-31"} with the extra regressors, if the model has any.
        answers = self.model.predict(pd.DataFrame(rows))[["ds", "yhat", "yhat_lower", "yhat_upper"]]
        return answers.assign(ds=answers["ds"].astype(str)).to_dict("records")
