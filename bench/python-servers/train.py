"""Trains the four models, and calls each with one row and with 32: `train.py FOLDER` writes the models and models.json, {kind: {file, versions, questions}}, to FOLDER."""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import joblib
import lightgbm
import numpy as np
import pandas as pd
import xgboost
from sklearn.compose import ColumnTransformer
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

FEATURES = 20
TREES = 200
ASKED = (1, 32)
NUMBERS = ["age", "income", "rooms", "distance", "visits", "score"]
WORDS = {"city": ["Arles", "Gaspé", "Kyōto", "Lima", "Turin"], "plan": ["basic", "family", "gold"]}

FOLDER = Path(sys.argv[1])
ROWS, KINDS = make_classification(4000, FEATURES, n_informative=12, random_state=0)
# Clients would write no more digits than these, and every server reads the same ones.
ROWS = ROWS.round(4)


def forest(path):
    # Leaves of several rows: the pure ones of 100 whole trees vote 50 to 50 now and then, ONNX then names the other class than
    # scikit-learn, and Slipway keeps to the framework.
    model = RandomForestClassifier(100, min_samples_leaf=5, random_state=0).fit(ROWS, KINDS)
    joblib.dump(model, path)
    return model.predict_proba


def booster_of_xgboost(path):
    options = {"objective": "binary:logistic", "max_depth": 6, "seed": 0}
    model = xgboost.train(options, xgboost.DMatrix(ROWS, KINDS), TREES)
    model.save_model(path)
    return lambda rows: both(model.predict(xgboost.DMatrix(rows)))


def booster_of_lightgbm(path):
    model = lightgbm.train({"objective": "binary", "seed": 0, "verbosity": -1}, lightgbm.Dataset(ROWS, KINDS), TREES)
    model.save_model(path)
    return lambda rows: both(model.predict(rows))


def pipeline(path):
    prepare = ColumnTransformer(
        [("numbers", StandardScaler(), NUMBERS), ("words", OneHotEncoder(handle_unknown="ignore"), list(WORDS))]
    )
    model = Pipeline([("prepare", prepare), ("classify", LogisticRegression())]).fit(TABLE, KINDS)
    joblib.dump(model, path)
    return model.predict_proba


def both(ones):
    return np.column_stack([1 - ones, ones])


def table():
    dice = np.random.default_rng(0)
    columns = {name: ROWS[:, index] for index, name in enumerate(NUMBERS)}
    return pd.DataFrame({**columns, **{name: dice.choice(words, len(ROWS)) for name, words in WORDS.items()}})


def question(rows, probabilities):
    """The request in the Open Inference Protocol and in a plain FastAPI's form, and the framework's answer."""
    if isinstance(rows, pd.DataFrame):
        inputs = [column(name, rows[name].tolist()) for name in rows]
        plain = rows.to_dict("records")
    else:
        inputs = [{"name": "input", "shape": list(rows.shape), "datatype": "FP64", "data": rows.ravel().tolist()}]
        plain = rows.tolist()
    return {
        "rows": len(rows),
        "infer": {"inputs": inputs},
        "plain": {"rows": plain},
        "labels": probabilities.argmax(axis=1).tolist(),
        "probabilities": probabilities.ravel().tolist(),
    }


def column(name, values):
    return {"name": name, "shape": [len(values)], "datatype": "BYTES" if name in WORDS else "FP64", "data": values}


TABLE = table()
MODELS = {
    "forest": ("forest.joblib", "scikit-learn", forest, ROWS),
    "xgboost": ("xgboost.ubj", "xgboost-cpu", booster_of_xgboost, ROWS),
    "lightgbm": ("lightgbm.txt", "lightgbm", booster_of_lightgbm, ROWS),
    "pipeline": ("pipeline.joblib", "scikit-learn", pipeline, TABLE),
}

known = {}
for kind, (file, framework, train, rows) in MODELS.items():
    ask = train(FOLDER / file)
    known[kind] = {
        "file": file,
        "framework": f"{framework} {version(framework)}",
        "questions": [question(rows[:count], ask(rows[:count])) for count in ASKED],
    }
(FOLDER / "models.json").write_text(json.dumps(known, ensure_ascii=False), encoding="utf-8")
