"""Models whose conversions once answered differently from their frameworks: prints a line of JSON for each, {what, as, wrong, apart, reason}, about the rows of its requests."""

import contextlib
import io
import json
import os
import sys
import tempfile
import warnings

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
# Threads that wait for each other take minutes where other tests have the cores.
os.environ["OMP_NUM_THREADS"] = "1"
warnings.filterwarnings("ignore")

import catboost  # noqa: E402
import lightgbm  # noqa: E402
import numpy as np  # noqa: E402
import onnxruntime  # noqa: E402
import pandas  # noqa: E402
import xgboost  # noqa: E402
from sklearn.calibration import CalibratedClassifierCV  # noqa: E402
from sklearn.cluster import BisectingKMeans, KMeans  # noqa: E402
from sklearn.compose import make_column_transformer  # noqa: E402
from sklearn.decomposition import NMF, PCA  # noqa: E402
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier, RandomForestRegressor  # noqa: E402
from sklearn.gaussian_process import GaussianProcessRegressor  # noqa: E402
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeClassifier  # noqa: E402
from sklearn.multiclass import OneVsRestClassifier  # noqa: E402
from sklearn.naive_bayes import GaussianNB  # noqa: E402
from sklearn.neural_network import MLPClassifier, MLPRegressor  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, PolynomialFeatures, StandardScaler  # noqa: E402
from slipway_server.adapters import _guarded, _refused_by_framework  # noqa: E402
from slipway_server.adapters.estimator import estimator_model  # noqa: E402
from slipway_server.config import Facts  # noqa: E402
from slipway_server.convert import _attempted  # noqa: E402
from slipway_server.describe import Description, _described  # noqa: E402
from slipway_server.proof.thresholds import thresholds_of  # noqa: E402
from slipway_server.refusal import Refusal  # noqa: E402
from slipway_server.values.tensors import Signature, TensorSpec  # noqa: E402

DICE = np.random.RandomState(7)
ROWS = 10_000
SECONDS = 1_700_000_000 + DICE.uniform(0, 500_000, (ROWS, 1))
RISING = (SECONDS[:, 0] - 1_700_000_000) / 20_000 + DICE.normal(0, 0.1, ROWS)
NEAR_SECONDS = np.column_stack([SECONDS[:, 0], DICE.normal(0, 1, ROWS)])
NEAR = 1e8 + DICE.normal(0, 3, (ROWS, 2))
POINTS = DICE.normal(0, 1, (2_000, 4))
KINDS = (POINTS[:, 0] + POINTS[:, 1] * POINTS[:, 2] > 0).astype(int) + (POINTS[:, 3] > 1)
HOLED = np.where(np.random.RandomState(8).rand(*POINTS.shape) < 0.1, np.nan, POINTS)
FAR = DICE.normal(0, 40, (ROWS, 4))
TABLE = pandas.DataFrame(
    {"price": DICE.lognormal(8, 3, ROWS), "when": SECONDS[:, 0], "share": DICE.uniform(0, 1e-3, ROWS), "place": DICE.choice(["here", "there", "away"], ROWS)}
)


def mixed():
    prepare = make_column_transformer((StandardScaler(), ["price", "when", "share"]), (OneHotEncoder(handle_unknown="ignore"), ["place"]))
    label = (np.log(TABLE.price) * 3 + (TABLE.when - 1.7e9) / 1e5 + TABLE.share * 2e3).astype(int) % 3
    return make_pipeline(prepare, xgboost.XGBClassifier(n_estimators=80)).fit(TABLE, label)


def steps(model, width):
    """Rows at its thresholds, and one step of FP64 or of FP32 beside them."""
    rows = DICE.normal(0, 1, (ROWS, width))
    for column, known in enumerate(thresholds_of(model, width)):
        if len(known) == 0:
            continue
        values = known[DICE.randint(len(known), size=ROWS)]
        toward = DICE.choice([-np.inf, np.inf], ROWS)
        stepped = [values, np.nextafter(values, toward), np.nextafter(values.astype(np.float32), toward.astype(np.float32)).astype(np.float64)]
        rows[:, column] = np.stack(stepped)[DICE.randint(3, size=ROWS), np.arange(ROWS)]
    return rows


def extremes(width):
    rows = DICE.normal(0, 1, (400, width))
    sizes = DICE.choice([9e15, 1e17, 3.5e38, 1e39, 1e100, 1e155, 1e300], 400) * DICE.choice([-1, 1], 400)
    rows[np.arange(400), DICE.randint(width, size=400)] = sizes
    return rows


def at_its_steps(model, target=KINDS):
    fitted = model.fit(POINTS, target)
    return fitted, steps(fitted, 4)


def far_beyond(model, target=KINDS):
    return model.fit(POINTS, target), extremes(4)


def facts_of(**datatypes):
    """The facts of a model whose signature, as MLflow writes it, declares these columns."""
    specs = tuple(TensorSpec(name, datatype, (-1,)) for name, datatype in datatypes.items())
    return Facts("sklearn", None, Signature(specs, ()), True, None)


def declared_whole(model):
    rows = TABLE[["price", "when"]].astype({"when": "int64"})
    return model.fit(rows, RISING), rows, facts_of(price="FP64", when="INT64")


def of_ids(ids, facts):
    """A regression over encoded ids, which stand in a table or, without names, in a matrix."""
    table = pandas.DataFrame({"id": np.resize(np.array(ids), ROWS), "share": TABLE["share"] if facts.takes_columns else np.arange(ROWS)})
    prepare = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), [0]), remainder="passthrough")
    rows = table if facts.takes_columns else table.to_numpy()
    return make_pipeline(prepare, LinearRegression()).fit(rows, RISING), rows, facts


def of_texts(*texts):
    table = TABLE[["share"]].assign(place=np.resize(np.array(texts, dtype=object), ROWS))
    prepare = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["place"]), remainder="passthrough")
    return make_pipeline(prepare, LinearRegression()).fit(table, RISING), table


CASES = {
    "a line through seconds since 1970": lambda: (LinearRegression().fit(SECONDS, RISING), SECONDS),
    "two columns near 100 million": lambda: (LinearRegression().fit(NEAR, NEAR[:, 0] - NEAR[:, 1] + DICE.normal(0, 0.1, ROWS)), NEAR),
    "a polynomial of seconds": lambda: (make_pipeline(PolynomialFeatures(2), Ridge()).fit(SECONDS, RISING), SECONDS),
    "a polynomial of the difference of two columns near 100 million": lambda: (make_pipeline(PolynomialFeatures(2), Ridge()).fit(NEAR, NEAR[:, 0] - NEAR[:, 1] + DICE.normal(0, 0.1, ROWS)), NEAR),
    "seconds scaled for a logistic regression": lambda: (make_pipeline(MinMaxScaler(), LogisticRegression()).fit(SECONDS, RISING > 12), SECONDS),
    "a table prepared for XGBoost": lambda: (mixed(), TABLE),
    "one against the rest, where all are sure": lambda: (OneVsRestClassifier(LogisticRegression(C=1e4)).fit(POINTS, KINDS), FAR * 100),
    "ridges that decide between classes": lambda: (RidgeClassifier().fit(POINTS, KINDS), FAR),
    "a histogram forest at its thresholds": lambda: at_its_steps(HistGradientBoostingClassifier(max_iter=40)),
    "LightGBM at its thresholds": lambda: at_its_steps(lightgbm.LGBMClassifier(n_estimators=40, verbose=-1)),
    "XGBoost at its thresholds": lambda: at_its_steps(xgboost.XGBClassifier(n_estimators=40)),
    "CatBoost at its borders": lambda: at_its_steps(catboost.CatBoostClassifier(iterations=40, verbose=0, allow_writing_files=False)),
    "a forest at its thresholds": lambda: at_its_steps(RandomForestClassifier(40, min_samples_leaf=3, random_state=0)),
    "boosted trees at their thresholds": lambda: at_its_steps(GradientBoostingClassifier(n_estimators=20, random_state=0)),
    "a forest of seconds": lambda: at_its_steps(RandomForestRegressor(20, random_state=0), 1.7e9 + POINTS[:, 0]),
    "a line beyond FP32": lambda: far_beyond(LinearRegression(), POINTS[:, 0]),
    "a logistic regression beyond FP32": lambda: far_beyond(LogisticRegression()),
    "naive Bayes beyond FP32": lambda: far_beyond(GaussianNB()),
    "a perceptron beyond FP32": lambda: far_beyond(MLPClassifier((8,), max_iter=50, random_state=0)),
    "a perceptron of numbers beyond FP32": lambda: far_beyond(MLPRegressor(hidden_layer_sizes=(8,), max_iter=50, random_state=0), POINTS[:, 0]),
    "k-means beyond FP32": lambda: far_beyond(KMeans(5, n_init=2, random_state=0)),
    "k-means of rows of FP32": lambda: (KMeans(5, n_init=2, random_state=0).fit(POINTS.astype(np.float32)), POINTS),
    "a factorization of rows of FP32": lambda: (NMF(2, random_state=0).fit(np.abs(POINTS).astype(np.float32)), np.abs(POINTS)),
    "scaled rows before a bisecting k-means of FP32": lambda: (make_pipeline(StandardScaler(), BisectingKMeans(5, random_state=0)).fit(POINTS.astype(np.float32)), POINTS),
    "a line over declared whole numbers": lambda: declared_whole(LinearRegression()),
    "a forest over declared whole numbers": lambda: declared_whole(RandomForestRegressor(10, random_state=0)),
    "ids that FP64 has not, beside one that is no whole number": lambda: of_ids(np.array([2**53 + 1, 1.5], dtype=object), facts_of(id="FP64", share="FP64")),
    "ids beyond 2^53 in a matrix that is declared whole": lambda: of_ids([4 * 10**17 + 1, 4 * 10**17 + 3], Facts("sklearn", None, Signature((TensorSpec("input", "INT64", (-1, 2)),), ()), False, None)),
    "a text that stands for a missing one in a conversion": lambda: of_texts("here", "\ufdd0", "away"),
    "components of seconds before trees": lambda: (make_pipeline(PCA(2), xgboost.XGBClassifier(n_estimators=20)).fit(NEAR_SECONDS, RISING.astype(int) % 3), NEAR_SECONDS),
    "a forest whose probabilities are calibrated by steps": lambda: (CalibratedClassifierCV(RandomForestClassifier(12, random_state=1), method="isotonic", cv=2).fit(POINTS, KINDS), POINTS),
    "a scaled table of seconds before trees": lambda: (make_pipeline(StandardScaler(), xgboost.XGBClassifier(n_estimators=20)).fit(NEAR_SECONDS, RISING.astype(int) % 3), NEAR_SECONDS),
    "a Gaussian process over numbers near 1e-9": lambda: (GaussianProcessRegressor().fit(POINTS[:100, :2] * 1e-9, POINTS[:100, 2]), POINTS[:, :2] * 1e-9),
    "a forest beyond FP32": lambda: far_beyond(RandomForestClassifier(10, random_state=0)),
    "CatBoost beyond FP32": lambda: far_beyond(catboost.CatBoostClassifier(iterations=10, verbose=0, allow_writing_files=False)),
    "CatBoost that has learned missing values": lambda: (catboost.CatBoostClassifier(iterations=20, verbose=0, allow_writing_files=False).fit(HOLED, KINDS), HOLED),
    "XGBoost beyond FP32": lambda: far_beyond(xgboost.XGBClassifier(n_estimators=10)),
}


def tried(what):
    # The rows of a case are the same whichever others are tried.
    DICE.seed(7)
    estimator, rows, facts = (*CASES[what](), Facts("sklearn", None, None, False, None))[:3]
    model = estimator_model(estimator, facts)
    model = model._replace(predict=_guarded(model.predict, _refused_by_framework))
    out = os.path.join(tempfile.mkdtemp(), "model.onnx")
    with contextlib.redirect_stderr(io.StringIO()):
        told, golden, measure = _described(model, facts)
        report = _attempted(Description(model, told, golden, measure), out, False)
    said = {"what": what, "as": "ONNX" if report["converted"] else "itself", "reason": report["reason"]}
    return {**said, **compared(model, out, rows)} if report["converted"] else said


def compared(model, out, rows):
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 4, 1
    session = onnxruntime.InferenceSession(out, options)
    names = [spec.name for spec in model.signature.inputs]
    arrays = {names[0]: rows} if isinstance(rows, np.ndarray) else {name: rows[name].to_numpy() for name in names}
    if len(rows) < ROWS:
        return together([alone(model, session, {name: array[row : row + 1] for name, array in arrays.items()}) for row in range(len(rows))])
    return apart(model.predict(arrays), session, arrays, None)


def alone(model, session, row):
    """A row that the framework answers may be refused, one that it refuses has to be."""
    try:
        expected = model.predict(row)
    except Refusal:
        expected = None
    try:
        if expected is not None:
            return apart(expected, session, row, 1.0)
        session.run(None, row)
        return {"wrong": 1, "apart": 0.0}
    except Exception:
        return {"wrong": 0, "apart": 0.0}


def apart(expected, session, arrays, least):
    """How many labels are wrong, and how far apart the numbers are, of the spread of the answers; of a row alone, of its size."""
    found = dict(zip((each.name for each in session.get_outputs()), session.run(None, arrays)))
    wrong, most = 0, 0.0
    for name, answer in expected.items():
        if answer.dtype.kind != "f":
            wrong += int(np.sum(answer != found[name]))
            continue
        scale = np.std(answer.astype(np.float64), axis=0) if least is None else np.maximum(least, np.abs(answer.astype(np.float64)))
        most = max(most, float(np.max(np.abs(answer.astype(np.float64) - found[name]) / scale)))
    return {"wrong": wrong, "apart": most}


def together(rows):
    return {"wrong": sum(row["wrong"] for row in rows), "apart": max(row["apart"] for row in rows)}


for name in CASES if len(sys.argv) == 1 else sys.argv[1:]:
    print(json.dumps(tried(name)), flush=True)
