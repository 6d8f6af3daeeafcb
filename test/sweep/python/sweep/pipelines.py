"""Pipelines, column transformers and meta-estimators, as people put them together."""

from __future__ import annotations

from typing import Any, Callable, Iterator

import lightgbm
import numpy as np
import skops.io
import xgboost
from sklearn import compose, decomposition, ensemble, feature_extraction, feature_selection, impute, linear_model, model_selection, multiclass, multioutput, naive_bayes, neighbors, neural_network, pipeline, preprocessing, svm, tree
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.frozen import FrozenEstimator

from . import data as rows_of
from .case import Case, Data, Made, fitted

Kind = Callable[[np.random.Generator], Data]
_NUMBERS, _TEXTS = ["weight", "pieces", "made at"], ["place", "hue"]

_CLASSIFIERS: dict[str, Callable[[], Any]] = {
    "logistic": lambda: linear_model.LogisticRegression(max_iter=500),
    "xgboost": lambda: xgboost.XGBClassifier(n_estimators=12, max_depth=4, n_jobs=1),
    "lightgbm": lambda: lightgbm.LGBMClassifier(n_estimators=12, min_child_samples=5, verbosity=-1, n_jobs=1),
    "forest": lambda: ensemble.RandomForestClassifier(12, random_state=1),
    "histogram": lambda: ensemble.HistGradientBoostingClassifier(max_iter=12),
    "boosting": lambda: ensemble.GradientBoostingClassifier(n_estimators=8),
    "svc": lambda: svm.SVC(probability=True, random_state=1),
    "mlp": lambda: neural_network.MLPClassifier((8,), max_iter=60, random_state=1),
    "neighbours": lambda: neighbors.KNeighborsClassifier(3),
    "bayes": lambda: naive_bayes.GaussianNB(),
}
_REGRESSORS: dict[str, Callable[[], Any]] = {
    "ridge": lambda: linear_model.Ridge(),
    "forest": lambda: ensemble.RandomForestRegressor(12, random_state=1),
    "xgboost": lambda: xgboost.XGBRegressor(n_estimators=12, max_depth=4, n_jobs=1),
    "histogram": lambda: ensemble.HistGradientBoostingRegressor(max_iter=12),
    "svr": lambda: svm.SVR(),
}
_SCALERS: dict[str, Callable[[], Any]] = {
    "standard": preprocessing.StandardScaler,
    "minmax": preprocessing.MinMaxScaler,
    "robust": preprocessing.RobustScaler,
    "quantile": lambda: preprocessing.QuantileTransformer(n_quantiles=50, random_state=1),
    "power": preprocessing.PowerTransformer,
    "polynomial": preprocessing.PolynomialFeatures,
    "bins": lambda: preprocessing.KBinsDiscretizer(5, quantile_method="averaged_inverted_cdf"),
    "pca": lambda: decomposition.PCA(2),
    "splines": lambda: preprocessing.SplineTransformer(4),
    "select": lambda: feature_selection.SelectKBest(k=2),
}


def cases() -> Iterator[Case]:
    yield from _scaled()
    yield from _columns()
    yield from _imputed()
    yield from _of_ids()
    yield from _of_texts()
    yield from _wrapped()


def _scaled() -> Iterator[Case]:
    kinds = (rows_of.seconds, rows_of.large, rows_of.plain, rows_of.numbers_table)
    for at, (before, scaler) in enumerate(_SCALERS.items()):
        for offset, (name, model) in enumerate(list(_CLASSIFIERS.items())[:6]):
            kind = kinds[(at + offset) % len(kinds)]
            yield _case(f"{before}-{name}-{kind.__name__}", lambda s=scaler, m=model: pipeline.make_pipeline(s(), m()), kind, "classes")
        for name in ("ridge", "svr"):
            kind = kinds[at % 2]
            yield _case(f"{before}-{name}-{kind.__name__}", lambda s=scaler, n=name: pipeline.make_pipeline(s(), _REGRESSORS[n]()), kind, "numbers")


def _columns() -> Iterator[Case]:
    for name, model in _CLASSIFIERS.items():
        yield _case(f"columns-{name}", lambda m=model: pipeline.make_pipeline(_by_columns(), m()), rows_of.table, "classes")
    for name in ("logistic", "forest", "neighbours"):
        yield _case(f"columns-dropped-{name}", lambda n=name: pipeline.make_pipeline(_by_columns(), _CLASSIFIERS[n]()), rows_of.table_with_more, "classes")
    for name, model in _REGRESSORS.items():
        yield _case(f"columns-{name}-regressor", lambda m=model: pipeline.make_pipeline(_by_columns(), m()), rows_of.table, "numbers")
    coded = lambda: compose.make_column_transformer(
        (preprocessing.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), _TEXTS), remainder="passthrough"
    )
    for name in ("forest", "xgboost", "lightgbm", "histogram"):
        yield _case(f"ordinal-{name}", lambda n=name: pipeline.make_pipeline(coded(), _CLASSIFIERS[n]()), rows_of.table, "classes")
    strict = lambda: compose.make_column_transformer((preprocessing.OneHotEncoder(), _TEXTS), (preprocessing.MinMaxScaler(), _NUMBERS))
    yield _case("strict-one-hot-logistic", lambda: pipeline.make_pipeline(strict(), _CLASSIFIERS["logistic"]()), rows_of.table, "classes")
    target = lambda: compose.make_column_transformer((preprocessing.TargetEncoder(random_state=1), _TEXTS), (preprocessing.StandardScaler(), _NUMBERS))
    yield _case("target-encoder-logistic", lambda: pipeline.make_pipeline(target(), _CLASSIFIERS["logistic"]()), rows_of.table, "classes")
    rare = lambda: compose.make_column_transformer(
        (preprocessing.OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=45, drop="first"), _TEXTS), (preprocessing.StandardScaler(), _NUMBERS)
    )
    yield _case("infrequent-one-hot-forest", lambda: pipeline.make_pipeline(rare(), _CLASSIFIERS["forest"]()), rows_of.table, "classes")
    yield _case("columns-histogram-categories", lambda: ensemble.HistGradientBoostingClassifier(max_iter=9, categorical_features="from_dtype"), rows_of.categories_table, "classes")

    passed = lambda: compose.ColumnTransformer([("code", preprocessing.OrdinalEncoder(), _TEXTS), ("pass", "passthrough", ["weight", "fragile"])])
    by_place = lambda: ensemble.HistGradientBoostingClassifier(max_iter=9, categorical_features=[0, 1])
    yield _case("columns-histogram-beside-booleans", lambda: pipeline.make_pipeline(passed(), by_place()), rows_of.table_with_booleans, "classes")
    yield _case("columns-one-hot-beside-booleans", lambda: pipeline.make_pipeline(passed(), preprocessing.OneHotEncoder(handle_unknown="ignore"), _CLASSIFIERS["logistic"]()), rows_of.table_with_booleans, "classes")

def _by_columns() -> Any:
    return compose.make_column_transformer(
        (preprocessing.OneHotEncoder(handle_unknown="ignore"), _TEXTS), (preprocessing.StandardScaler(), _NUMBERS)
    )


def _imputed() -> Iterator[Case]:
    for strategy in ("most_frequent", "constant"):
        texts = lambda strategy=strategy: pipeline.make_pipeline(
            impute.SimpleImputer(strategy=strategy, fill_value="none" if strategy == "constant" else None), preprocessing.OneHotEncoder(handle_unknown="ignore")
        )
        both = lambda texts=texts: compose.make_column_transformer((texts(), _TEXTS), (impute.SimpleImputer(strategy="median"), _NUMBERS))
        for name in ("logistic", "forest", "xgboost", "histogram"):
            yield _case(f"imputed-{strategy}-{name}", lambda b=both, n=name: pipeline.make_pipeline(b(), preprocessing.MaxAbsScaler(), _CLASSIFIERS[n]()), rows_of.table_with_missing, "classes")
    unknown = lambda: compose.make_column_transformer((preprocessing.OneHotEncoder(handle_unknown="ignore"), _TEXTS), (impute.SimpleImputer(), _NUMBERS))
    yield _case("missing-is-a-category", lambda: pipeline.make_pipeline(unknown(), _CLASSIFIERS["forest"]()), rows_of.table_with_missing, "classes")
    for name, imputer in (("mean", impute.SimpleImputer()), ("indicator", impute.SimpleImputer(add_indicator=True)), ("neighbours", impute.KNNImputer())):
        for model in ("logistic", "xgboost", "forest"):
            yield _case(f"imputed-{name}-{model}", lambda i=imputer, m=model: pipeline.make_pipeline(i, preprocessing.StandardScaler(), _CLASSIFIERS[m]()), rows_of.with_missing, "classes")


def _of_ids() -> Iterator[Case]:
    for kind in (rows_of.ids, rows_of.ids_matrix):
        for name, encoder in (
            ("one-hot", lambda: preprocessing.OneHotEncoder(handle_unknown="ignore")),
            ("ordinal", lambda: preprocessing.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)),
        ):
            for model in ("logistic", "forest"):
                yield _case(f"ids-{name}-{model}-{kind.__name__}", lambda e=encoder, m=model: pipeline.make_pipeline(e(), _CLASSIFIERS[m]()), kind, "classes")
    columns = lambda: compose.make_column_transformer((preprocessing.OneHotEncoder(handle_unknown="ignore"), ["user"]), (preprocessing.StandardScaler(), ["amount"]))
    yield _case("ids-columns-logistic", lambda: pipeline.make_pipeline(columns(), _CLASSIFIERS["logistic"]()), rows_of.ids, "classes")
    yield _case("ids-tree", lambda: tree.DecisionTreeClassifier(), rows_of.ids, "classes")


def _of_texts() -> Iterator[Case]:
    text = feature_extraction.text
    for name, vectorizer in (
        ("counts", text.CountVectorizer),
        ("tfidf", lambda: text.TfidfVectorizer(ngram_range=(1, 2))),
        ("characters", lambda: text.TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 3))),
        ("hashing", lambda: text.HashingVectorizer(n_features=64)),
    ):
        for model in ("logistic", "forest", "xgboost"):
            yield _case(f"texts-{name}-{model}", lambda v=vectorizer, m=model: pipeline.make_pipeline(v(), _CLASSIFIERS[m]()), rows_of.documents, "classes")


def _wrapped() -> Iterator[Case]:
    logistic, forest = _CLASSIFIERS["logistic"], _CLASSIFIERS["forest"]
    scaled = lambda: pipeline.make_pipeline(preprocessing.StandardScaler(), logistic())
    for name, model in (
        ("one-versus-rest", lambda: multiclass.OneVsRestClassifier(logistic())),
        ("one-versus-rest-svc", lambda: multiclass.OneVsRestClassifier(svm.LinearSVC())),
        ("one-versus-one", lambda: multiclass.OneVsOneClassifier(logistic())),
        ("codes", lambda: multiclass.OutputCodeClassifier(logistic(), random_state=1)),
        ("calibrated", lambda: CalibratedClassifierCV(svm.LinearSVC(), cv=2)),
        ("calibrated-isotonic", lambda: CalibratedClassifierCV(forest(), method="isotonic", cv=2)),
        ("voting-soft", lambda: ensemble.VotingClassifier([("a", scaled()), ("b", forest())], voting="soft")),
        ("voting-hard", lambda: ensemble.VotingClassifier([("a", scaled()), ("b", forest())])),
        ("stacking", lambda: ensemble.StackingClassifier([("a", scaled()), ("b", forest())], cv=2)),
        ("bagging", lambda: ensemble.BaggingClassifier(scaled(), 4, random_state=1)),
        ("ada", lambda: ensemble.AdaBoostClassifier(n_estimators=6, random_state=1)),
        ("grid", lambda: model_selection.GridSearchCV(scaled(), {"logisticregression__C": [0.1, 1.0]}, cv=2)),
        ("frozen", lambda: _frozen),
        ("clusters-logistic", lambda: pipeline.make_pipeline(preprocessing.StandardScaler(), KMeans(4, n_init=2, random_state=1), logistic())),
        ("union", lambda: pipeline.make_pipeline(pipeline.make_union(preprocessing.StandardScaler(), decomposition.PCA(2)), logistic())),
    ):
        for kind in (rows_of.plain, rows_of.seconds):
            if name == "frozen":
                yield Case(f"frozen-{kind.__name__}", "pipelines", lambda rng, kind=kind: _frozen(kind(rng)))
            else:
                yield _case(f"{name}-{kind.__name__}", model, kind, "classes")
    yield _case("transformed-target", lambda: compose.TransformedTargetRegressor(linear_model.Ridge(), transformer=preprocessing.QuantileTransformer(n_quantiles=30)), rows_of.seconds, "numbers")
    yield _case("chained-targets", lambda: multioutput.RegressorChain(linear_model.Ridge()), rows_of.plain, "pairs")
    yield _case("several-targets", lambda: multioutput.MultiOutputRegressor(ensemble.GradientBoostingRegressor(n_estimators=5)), rows_of.seconds, "pairs")
    for name in ("logistic", "forest", "svc", "mlp"):
        yield _case(f"skops-{name}", lambda n=name: pipeline.make_pipeline(preprocessing.StandardScaler(), _CLASSIFIERS[n]()), rows_of.seconds, "classes", ".skops", lambda model, path: skops.io.dump(model, path))


def _frozen(data: Data) -> Made:
    inner = linear_model.LogisticRegression(max_iter=300).fit(data.fitted, data.classes)
    return fitted(FrozenEstimator(inner), data, "classes")


def _case(name: str, new: Callable[[], Any], kind: Kind, target: str, ending: str = ".joblib", save: Any = None) -> Case:
    def make(rng: np.random.Generator) -> Made:
        data = kind(rng)
        if target == "pairs":
            return Made(new().fit(data.fitted, np.column_stack([data.numbers, -2 * data.numbers + 1])), data)
        return fitted(new(), data, target)

    return Case(f"{name}{'' if ending == '.joblib' else ending}", "pipelines", make, ending, **({"save": save} if save else {}))
