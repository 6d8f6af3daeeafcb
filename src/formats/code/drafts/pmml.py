# /// script
# dependencies = ["sklearn-pmml-model", "pandas"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import pandas as pd
from sklearn_pmml_model.auto_detect import auto_detect_estimator

FILE = "PATH"


class Predictor:
    def setup(self):
        self.model = auto_detect_estimator(pmml=FILE)

    def predict(self, rows):
        return self.model.predict(pd.DataFrame(rows)).tolist()
