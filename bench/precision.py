# Measures the cost of FP64: models as ONNX in the precision of their framework, as a build converts them, beside the same models by skl2onnx in FP32, in turns, in one thread.
# `PYTHONPATH=runtimes/python python bench/precision.py [ROUNDS]`, with the packages of runtimes/python/convert-requirements.in, onnxruntime 1.30.0 and scikit-learn 1.8.0.
import os
import sys
import time
import warnings

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402
import onnxruntime  # noqa: E402
from skl2onnx import to_onnx  # noqa: E402
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType  # noqa: E402
from sklearn.decomposition import PCA  # noqa: E402
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier, RandomForestRegressor  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.neural_network import MLPClassifier  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402
from slipway_server.conversion.native import OPSET  # noqa: E402
from slipway_server.conversion.precision import in_its_precision  # noqa: E402
from slipway_server.frameworks.sklearn import register_converters  # noqa: E402

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 5
WIDTH, ROWS = 50, (1, 1_000)
DICE = np.random.RandomState(0)
POINTS = DICE.normal(0, 1, (1_000, WIDTH))
KINDS = (POINTS[:, 0] + POINTS[:, 1] * POINTS[:, 2] > 0).astype(int) + (POINTS[:, 3] > 0.5)
MODELS = {
    "scaler and logistic regression": make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(POINTS, KINDS),
    "PCA and logistic regression": make_pipeline(PCA(20), LogisticRegression(max_iter=500)).fit(POINTS, KINDS),
    "perceptron, two layers of 200": MLPClassifier((200, 200), max_iter=20, random_state=0).fit(POINTS, KINDS),
    "forest of 100 trees, 2 classes": RandomForestClassifier(100, min_samples_leaf=5, random_state=0).fit(POINTS, KINDS > 0),
    "forest of 100 trees, 3 classes": RandomForestClassifier(100, min_samples_leaf=5, random_state=0).fit(POINTS, KINDS),
    "forest of 100 trees, numbers": RandomForestRegressor(100, min_samples_leaf=5, random_state=0).fit(POINTS, POINTS[:, 0]),
    "histogram forest": HistGradientBoostingClassifier(max_iter=30).fit(POINTS, KINDS),
}


def session(graph):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(graph.SerializeToString(), options)


def converted(model, number):
    options = {id(model): {"zipmap": False}} if hasattr(model, "classes_") else {}
    return to_onnx(model, initial_types=[("rows", number([None, WIDTH]))], target_opset=OPSET, options=options)


def micros(run, rows):
    """The mean time of one run (µs), over as many runs as fit in a quarter of a second."""
    run(rows)
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < 0.25:
        run(rows)
        count += 1
    return (time.perf_counter() - began) / count * 1e6


def spread(values):
    low, *_, high = ordered = sorted(values)
    return f"{low:9.1f} / {ordered[len(ordered) // 2]:9.1f} / {high:9.1f}"


# skl2onnx's own converters come first, since ours replace them.
narrow = {name: session(converted(model, FloatTensorType)) for name, model in MODELS.items()}
register_converters()
own = {name: session(in_its_precision(converted(model, DoubleTensorType))) for name, model in MODELS.items()}
print(f"load {os.getloadavg()[0]:.1f}; µs a run, min / median / max of {ROUNDS} rounds")
for name in MODELS:
    for rows in ROWS:
        given = DICE.normal(0, 1, (rows, WIDTH))
        sides = {"FP32": (narrow[name], given.astype(np.float32)), "FP64": (own[name], given)}
        seen = {side: [] for side in sides}
        for _ in range(ROUNDS):
            for side, (run, asked) in sides.items():
                seen[side].append(micros(lambda each, run=run: run.run(None, {"rows": each}), asked))
        ratio = np.median([wide / thin for wide, thin in zip(seen["FP64"], seen["FP32"])])
        print(f"{name:32} {rows:5} rows  FP32 {spread(seen['FP32'])}  its own {spread(seen['FP64'])}  ratio {ratio:.2f}", flush=True)
