# /// script
# dependencies = ["autogluon.tabular[all]", "pandas"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import pandas as pd
from autogluon.tabular import TabularPredictor

FILE = "PATH"


class Predictor:
    def setup(self):
        self.model = TabularPredictor.load(FILE)

    def predict(self, rows):
        return self.model.predict(pd.DataFrame(rows)).tolist()
