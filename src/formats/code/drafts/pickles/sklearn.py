# /// script
# dependencies = ["joblib", "numpy", "pandas", "scikit-learn"]
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
        # If the pickle is a dict or a list, the model is the element that predicts.
        parts = saved.values() if isinstance(saved, dict) else saved if isinstance(saved, (list, tuple)) else [saved]
        names = ("predict", "transform")
        self.answer = next(getattr(part, name) for name in names for part in parts if hasattr(part, name))
        model = self.answer.__self__
        self.columns = getattr(model, "feature_names_in_", None)
        begins = type(model.steps[0][1] if hasattr(model, "steps") else model).__name__
        self.takes_objects = begins in ("DictVectorizer", "FeatureHasher")

    def predict(self, rows):
        # An object is a row with named columns, or the whole table with a list for each column. Texts are passed on unchanged.
        if self.takes_objects:
            rows = [rows] if isinstance(rows, dict) else rows
        elif isinstance(rows, dict):
            has_columns = any(isinstance(value, list) for value in rows.values())
            rows = pd.DataFrame(rows if has_columns else [rows])
        elif isinstance(rows, list) and isinstance(rows[0], dict):
            rows = pd.DataFrame(rows)
        elif isinstance(rows, list) and not isinstance(rows[0], str):
            rows = rows if isinstance(rows[0], list) else [rows]
            # A model that was fitted on named columns gets a table: an array of numbers and texts would turn all into texts.
            rows = np.asarray(rows) if self.columns is None else pd.DataFrame(rows, columns=list(self.columns))
        return np.asarray(self.answer(rows)).tolist()
