# /// script
# dependencies = ["keras", "tensorflow-cpu"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import keras
import numpy as np

FILE = "PATH"


class Predictor:
    def setup(self):
        self.model = keras.saving.load_model(FILE)

    def predict(self, rows):
        return self.model.predict(np.asarray(rows, "float32"), verbose=0).tolist()
