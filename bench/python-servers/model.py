"""Loads and calls a model as a user of each framework would, with one thread: for the rows of a request, more threads gain nothing and cost CPU."""

import os

import numpy as np

PATH, KIND = os.environ["MODEL_PATH"], os.environ["MODEL_KIND"]
TAKES_COLUMNS = KIND == "pipeline"


def load():
    """Returns a function that gives the probabilities of both classes, from a matrix or, with TAKES_COLUMNS, from a pandas table."""
    if KIND == "xgboost":
        import xgboost

        booster = xgboost.Booster({"nthread": 1}, model_file=PATH)
        # XGBoost's own advice for serving: no DMatrix for each request.
        return lambda rows: both(booster.inplace_predict(rows))
    if KIND == "lightgbm":
        import lightgbm

        booster = lightgbm.Booster(model_file=PATH)
        return lambda rows: both(booster.predict(rows, num_threads=1))
    import joblib

    return joblib.load(PATH).predict_proba


def both(ones):
    return np.column_stack([1 - ones, ones])
