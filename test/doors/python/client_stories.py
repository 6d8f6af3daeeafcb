"""Deploys models by the Python client as a notebook does: python client_stories.py STORY."""

import json
import sys

import numpy as np
import pandas as pd
import slipway_client as slipway
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FLOWERS, SPECIES = load_iris(return_X_y=True, as_frame=True)
ROWS = FLOWERS.iloc[[0, 60, 120]]
SCALER = StandardScaler().fit(FLOWERS.to_numpy())
NAMES = ["setosa", "versicolor", "virginica"]


def estimator():
    """From nothing to a right answer, an upgrade, a refusal, and back."""
    first = make_pipeline(StandardScaler(), LogisticRegression()).fit(FLOWERS, SPECIES)
    second = make_pipeline(StandardScaler(), LogisticRegression(C=0.01)).fit(FLOWERS, SPECIES)

    iris = slipway.deploy(first, name="iris", example=FLOWERS)
    same_as(first, iris)
    slipway.deploy(second, name="iris", example=FLOWERS)
    same_as(second, iris)
    # A cell that runs again changes nothing.
    slipway.deploy(second, name="iris", example=FLOWERS)
    unfitted = refusal(lambda: slipway.deploy(LogisticRegression(), name="iris"))
    same_as(second, iris)
    states = [(each.version, each.state) for each in iris.versions()]
    back = iris.rollback()
    same_as(first, iris)
    return {"states": states, "back": back.version, "unfitted": unfitted, "url": iris.url}


def same_as(framework, served):
    answer = served.predict(ROWS)
    assert answer["label"] == framework.predict(ROWS).tolist(), answer
    np.testing.assert_allclose(answer["probabilities"], framework.predict_proba(ROWS), rtol=1e-6)


def boosters():
    import lightgbm
    import xgboost

    numbers = FLOWERS.to_numpy()
    trained = xgboost.XGBRegressor(n_estimators=5).fit(numbers, SPECIES)
    served = slipway.deploy(trained.get_booster(), name="xgboost", example=numbers)
    answer = served.predict(ROWS.to_numpy())
    np.testing.assert_allclose(answer, trained.predict(ROWS.to_numpy()), rtol=1e-6)

    classes = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1).fit(
        numbers, [NAMES[each] for each in SPECIES]
    )
    served = slipway.deploy(classes, name="lightgbm", example=numbers)
    answer = served.predict(ROWS.to_numpy())
    assert answer["label"] == classes.predict(ROWS.to_numpy()).tolist(), answer

    added = slipway.deploy(doubling(), name="onnx", example=[[1, 2]])
    assert added.predict(np.array([[1, 2], [3, 4]])) == [[2, 4], [6, 8]]
    return {}


def doubling():
    """A model of ONNX that adds its input to itself."""
    from onnx import TensorProto, helper

    x, y = (helper.make_tensor_value_info(each, TensorProto.FLOAT, ["n", 2]) for each in "xy")
    graph = helper.make_graph([helper.make_node("Add", ["x", "x"], ["y"])], "doubling", [x], [y])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def scaled(rows):
    return SCALER.transform(np.asarray(rows))


def function():
    """A function that uses another one, an estimator, a constant and packages."""

    def species(rows: pd.DataFrame) -> list:
        import math

        return [
            {"name": NAMES[min(2, int(abs(row[0])))], "length": math.floor(100 * row[0])}
            for row in scaled(rows).tolist()
        ]

    served = slipway.deploy(species, name="species", example=FLOWERS)
    assert served.predict(ROWS) == species(ROWS), served.predict(ROWS)

    def broken(rows):
        raise ValueError("no rows today")

    failed = refusal(lambda: slipway.deploy(broken, name="species", example=FLOWERS))
    assert served.predict(ROWS) == species(ROWS)
    wrong = refusal(lambda: served.predict({"inputs": 5}))
    lambdas = refusal(lambda: slipway.deploy(lambda rows: rows, name="species"))
    return {"failed": failed, "wrong": wrong, "lambda": lambdas}


LIMIT = 5


def twice(amounts):
    return [2 * each for each in amounts]


def written():
    """The source of a function alone does what the function does, where names mean several things."""
    import tempfile
    from pathlib import Path

    from slipway_client.functions import save_function

    class Ledger:
        limit = LIMIT

        def above(self, amounts):
            return [LIMIT + each for each in amounts if each > self.limit]

    # Here LIMIT is a local name, which has to stay one.
    def booked(amounts, limit=LIMIT):
        doubled = [LIMIT * 2 for LIMIT in amounts]
        return {"above": Ledger().above(twice(doubled)), "text": json.dumps(NAMES[:limit])}

    with tempfile.TemporaryDirectory() as folder:
        save_function(booked, Path(folder), None)
        made = {}
        exec((Path(folder) / "predict.py").read_text(), made)
        assert (Path(folder) / "requirements.txt").read_text() == ""
    assert made["predict"]([1, 2]) == booked([1, 2]) == {"above": [13], "text": json.dumps(NAMES)}
    return {}


def refusal(work):
    try:
        work()
    except slipway.Failure as failure:
        return {"name": failure.name, "reason": failure.reason, "fix": failure.fix}
    raise AssertionError("it was not refused")


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]]()))
