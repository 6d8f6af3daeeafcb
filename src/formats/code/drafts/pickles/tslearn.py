# /// script
# dependencies = ["joblib", "numpy", "scikit-learn"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import joblib
import numpy as np
from tslearn.utils import to_time_series_dataset

FILE = "PATH"


class Predictor:
    def setup(self):
        # List the packages that define its classes in requirements.txt, in the versions that saved it, and its Python (3.12) in .python-version.
        saved = joblib.load(FILE)
        self.ask = saved.predict if hasattr(saved, "predict") else saved.transform
        # Warm up here: its distances are compiled when they are first computed, which may take longer than a client waits.
        fitted = getattr(saved, "_X_fit", None)
        if fitted is not None:
            self.ask(fitted[:1])

    def predict(self, series):
        # The request is a list of series, which may differ in length. Each is a list of numbers, or of points with a number for each dimension.
        return np.asarray(self.ask(to_time_series_dataset(series))).tolist()
