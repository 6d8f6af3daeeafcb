"""Every estimator of scikit-learn, on the first kind of rows that it takes, and some on rows that are hard for it."""

from __future__ import annotations

import pickle
import warnings
from typing import Any, Callable, Iterator

import numpy as np
from sklearn.base import clone, is_regressor
from sklearn.utils import all_estimators
from sklearn.utils._test_common.instance_generator import _construct_instances

from . import data as rows_of
from .case import Case, Data, Made

Kind = Callable[[np.random.Generator], Data]

# How each may be fitted: the first that works is taken.
_WAYS: tuple[tuple[Kind, str | None], ...] = (
    (rows_of.plain, "classes"),
    (rows_of.positive, "classes"),
    (rows_of.counts, "classes"),
    (rows_of.documents, None),
)
_NUMBERS: tuple[tuple[Kind, str | None], ...] = ((rows_of.plain, "numbers"), (rows_of.positive, "numbers"))
_SEVERAL: tuple[tuple[Kind, str | None], ...] = ((rows_of.plain, "several"),)
# Estimators, and the kinds of rows that are hard for them.
_HARD: tuple[tuple[str, tuple[Kind, ...]], ...] = (
    ("LinearRegression Ridge Lasso ElasticNet BayesianRidge HuberRegressor LinearSVR SVR", (rows_of.seconds, rows_of.large, rows_of.tiny)),
    ("LogisticRegression RidgeClassifier LinearSVC SVC LinearDiscriminantAnalysis GaussianNB", (rows_of.seconds, rows_of.large)),
    ("StandardScaler MinMaxScaler MaxAbsScaler RobustScaler PCA PowerTransformer QuantileTransformer", (rows_of.seconds, rows_of.large)),
    ("KBinsDiscretizer Binarizer PolynomialFeatures Normalizer KernelPCA TruncatedSVD", (rows_of.seconds, rows_of.large)),
    ("KMeans MiniBatchKMeans GaussianMixture BisectingKMeans Birch IsolationForest OneClassSVM", (rows_of.seconds, rows_of.large)),
    ("DecisionTreeClassifier RandomForestClassifier ExtraTreesClassifier GradientBoostingClassifier", (rows_of.seconds, rows_of.large, rows_of.tiny)),
    ("HistGradientBoostingClassifier HistGradientBoostingRegressor", (rows_of.seconds, rows_of.large, rows_of.with_missing)),
    ("DecisionTreeRegressor RandomForestRegressor GradientBoostingRegressor AdaBoostRegressor", (rows_of.seconds, rows_of.large)),
    ("RandomForestClassifier ExtraTreesRegressor DecisionTreeClassifier SimpleImputer KNNImputer MissingIndicator", (rows_of.with_missing,)),
    ("MLPClassifier MLPRegressor KNeighborsClassifier KNeighborsRegressor RadiusNeighborsRegressor", (rows_of.seconds, rows_of.numbers_table)),
    ("GaussianProcessRegressor GaussianProcessClassifier KernelRidge PLSRegression SGDClassifier Perceptron", (rows_of.tiny, rows_of.numbers_table)),
    ("LogisticRegression RandomForestClassifier LinearRegression SVC KMeans StandardScaler", (rows_of.numbers_table,)),
    ("OneHotEncoder OrdinalEncoder TargetEncoder", (rows_of.ids, rows_of.ids_matrix)),
    ("MultinomialNB ComplementNB BernoulliNB CategoricalNB PoissonRegressor LatentDirichletAllocation NMF", (rows_of.counts,)),
)


def cases() -> Iterator[Case]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, kind in all_estimators():
            yield from _plainly(name, kind)
    for names, kinds in _HARD:
        for name in names.split():
            for kind in kinds:
                yield _case(f"{name}-on-{kind.__name__}", dict(all_estimators())[name], 0, kind)


def _plainly(name: str, kind: type) -> Iterator[Case]:
    try:
        models = list(_construct_instances(kind))
    except BaseException:
        # Estimators that wrap a fitted model are among the pipelines.
        return
    for at in range(len(models)):
        # An estimator that needs distances to its training rows cannot be served: no client has them.
        if any(isinstance(value, str) and value == "precomputed" for value in models[at].get_params(deep=False).values()):
            continue
        yield _case(name if len(models) == 1 else f"{name}-{at}", kind, at, None)


def _case(name: str, kind: type, at: int, rows: Kind | None) -> Case:
    return Case(name, f"sklearn {kind.__module__.split('.')[1]}", lambda rng: _fitted(list(_construct_instances(kind))[at], rows, rng))


def _fitted(model: Any, rows: Kind | None, rng: np.random.Generator) -> Made:
    ways = _NUMBERS if is_regressor(model) else _WAYS
    ways = (*ways, *_SEVERAL, *_NUMBERS)
    if rows is not None:
        ways = tuple((rows, target) for _, target in ways)
    state = pickle.dumps(rng)
    problem: Exception | None = None
    for make, target in ways:
        data = make(pickle.loads(state))
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                return Made(clone(model).fit(data.fitted, _target(data, target)), data)
        except Exception as error:
            problem = problem or error
    raise ValueError(f"{type(model).__name__} takes no rows of these: {problem}")


def _target(data: Data, target: str | None) -> Any:
    if target == "several":
        return np.column_stack([data.classes > 0, data.classes > 1]).astype(int)
    return None if target is None else getattr(data, target)
