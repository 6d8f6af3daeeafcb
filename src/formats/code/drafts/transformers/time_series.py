# /// script
# dependencies = ["chronos-forecasting", "torch"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import torch
from chronos import BaseChronosPipeline

FILE = "PATH"


class Predictor:
    def setup(self):
        self.model = BaseChronosPipeline.from_pretrained(FILE)

    def predict(self, series, length=12):
        # The request has the numbers of one series, or a list of series.
        seen = torch.tensor(series, dtype=torch.float32)
        levels = [0.1, 0.5, 0.9]
        quantiles, mean = self.model.predict_quantiles(seen, prediction_length=length, quantile_levels=levels)
        return {"mean": mean.tolist(), "quantiles": quantiles.tolist()}
