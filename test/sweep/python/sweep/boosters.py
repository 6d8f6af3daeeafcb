"""XGBoost, LightGBM and CatBoost: in their own formats and pickled, as scikit-learn's classes and as they are."""

from __future__ import annotations

from typing import Any, Callable, Iterator

import catboost
import joblib
import lightgbm
import numpy as np
import xgboost

from . import data as rows_of
from .case import Case, Data, Made

Kind = Callable[[np.random.Generator], Data]

_XGBOOST: tuple[dict[str, Any], ...] = (
    {},
    {"n_estimators": 3, "max_depth": 10},
    {"booster": "gblinear", "n_estimators": 30},
    {"booster": "dart", "rate_drop": 0.2},
    {"num_parallel_tree": 3, "subsample": 0.7},
    {"tree_method": "exact", "base_score": 0.3},
    {"grow_policy": "lossguide", "max_leaves": 6},
)
_LIGHTGBM: tuple[dict[str, Any], ...] = (
    {},
    {"boosting_type": "dart"},
    {"boosting_type": "rf", "bagging_freq": 1, "bagging_fraction": 0.6},
    {"extra_trees": True, "num_leaves": 7},
    {"linear_tree": True},
    {"zero_as_missing": True},
    {"use_missing": False},
)
_CATBOOST: tuple[dict[str, Any], ...] = (
    {},
    {"grow_policy": "Lossguide"},
    {"grow_policy": "Depthwise", "nan_mode": "Max"},
    {"boosting_type": "Ordered", "depth": 3},
    {"langevin": True},
)
_KINDS: tuple[Kind, ...] = (rows_of.plain, rows_of.seconds, rows_of.large, rows_of.with_missing, rows_of.numbers_table)


def cases() -> Iterator[Case]:
    yield from _xgboost()
    yield from _lightgbm()
    yield from _catboost()


def _xgboost() -> Iterator[Case]:
    for at, options in enumerate(_XGBOOST):
        kind = _KINDS[at % len(_KINDS)]
        yield _of("xgboost", f"classifier-{at}", lambda options=options: xgboost.XGBClassifier(**_small(options)), kind, "classes")
        yield _of("xgboost", f"regressor-{at}", lambda options=options: xgboost.XGBRegressor(**_small(options)), kind, "numbers")
    for at, objective in enumerate(("reg:squaredlogerror", "count:poisson", "reg:gamma", "reg:tweedie", "reg:logistic", "reg:absoluteerror", "reg:quantileerror")):
        options = {"objective": objective, **({"quantile_alpha": [0.1, 0.9]} if "quantile" in objective else {})}
        target = "shares" if objective == "reg:logistic" else "numbers"
        yield _of("xgboost", f"objective-{at}", lambda options=options: xgboost.XGBRegressor(**_small(options)), rows_of.positive, target)
    for ending in (".ubj", ".json"):
        for kind in _KINDS:
            for objective in ("binary:logistic", "multi:softprob", "multi:softmax", "reg:squarederror"):
                yield Case(
                    f"xgboost-{objective.replace(':', '-')}-{kind.__name__}{ending}",
                    "xgboost files",
                    lambda rng, kind=kind, objective=objective: _xgboost_booster(kind(rng), objective),
                    ending,
                    lambda model, path: model.save_model(path),
                )
    yield _of("xgboost", "forest", lambda: xgboost.XGBRFClassifier(n_estimators=15, random_state=1), rows_of.two_classes, "classes")
    yield _of("xgboost", "categories", lambda: xgboost.XGBClassifier(n_estimators=9, enable_categorical=True), rows_of.categories_table, "classes")
    yield _of("xgboost", "early", lambda: xgboost.XGBClassifier(n_estimators=40, early_stopping_rounds=2), rows_of.plain, "classes", early=True)
    yield _of("xgboost", "missing-999", lambda: xgboost.XGBClassifier(n_estimators=9, missing=-999.0), rows_of.plain, "classes")
    yield _of("xgboost", "ranker", lambda: xgboost.XGBRanker(n_estimators=9), rows_of.plain, "classes", group=True)


def _small(options: dict[str, Any]) -> dict[str, Any]:
    return {"n_estimators": 12, "max_depth": 4, "random_state": 1, "n_jobs": 1, **options}


def _xgboost_booster(data: Data, objective: str) -> Made:
    labels = {"b": (data.classes > 0).astype(int), "m": data.classes, "r": data.numbers}[objective[0]]
    several = {"num_class": 3} if objective.startswith("multi") else {}
    matrix = xgboost.DMatrix(data.fitted, labels)
    model = xgboost.train({"objective": objective, "max_depth": 4, "seed": 1, "nthread": 1, **several}, matrix, 12)

    def asked(rows: Any) -> dict[str, Any]:
        return _by_objective(model.predict(xgboost.DMatrix(rows)), objective)

    return Made(model, data, asked)


def _by_objective(answer: np.ndarray, objective: str) -> dict[str, Any]:
    """A booster answers numbers; the server makes labels of those of a classifier."""
    if objective == "binary:logistic" or objective == "binary":
        return {"prediction": answer, "label": (answer > 0.5).astype(int), "probabilities": np.column_stack([1 - answer, answer])}
    if objective in ("multi:softprob", "multiclass"):
        return {"prediction": answer, "label": np.argmax(answer, axis=1), "probabilities": answer}
    if objective == "multi:softmax":
        return {"prediction": answer, "label": answer.astype(int)}
    return {"prediction": answer}


def _lightgbm() -> Iterator[Case]:
    for at, options in enumerate(_LIGHTGBM):
        kind = _KINDS[at % len(_KINDS)]
        quiet = {**_small(options), "verbosity": -1}
        yield _of("lightgbm", f"classifier-{at}", lambda quiet=quiet: lightgbm.LGBMClassifier(**quiet), kind, "classes")
        yield _of("lightgbm", f"regressor-{at}", lambda quiet=quiet: lightgbm.LGBMRegressor(**quiet), kind, "numbers")
    for objective in ("regression_l1", "huber", "poisson", "quantile", "mape", "gamma", "tweedie", "cross_entropy"):
        target = "shares" if objective == "cross_entropy" else "numbers"
        options = {**_small({"objective": objective}), "verbosity": -1}
        yield _of("lightgbm", f"objective-{objective}", lambda options=options: lightgbm.LGBMRegressor(**options), rows_of.positive, target)
    for kind in (*_KINDS, rows_of.tiny, rows_of.categories_table):
        for objective in ("binary", "multiclass", "regression", "multiclassova"):
            yield Case(
                f"lightgbm-{objective}-{kind.__name__}.txt",
                "lightgbm files",
                lambda rng, kind=kind, objective=objective: _lightgbm_booster(kind(rng), objective),
                ".txt",
                lambda model, path: model.save_model(path),
            )
    yield _of("lightgbm", "categories", lambda: lightgbm.LGBMClassifier(n_estimators=9, verbosity=-1), rows_of.categories_table, "classes")


def _lightgbm_booster(data: Data, objective: str) -> Made:
    labels = {"b": (data.classes > 0).astype(int), "m": data.classes, "r": data.numbers}[objective[0]]
    several = {"num_class": 3} if objective.startswith("multi") else {}
    options = {"objective": objective, "verbosity": -1, "seed": 1, "num_threads": 1, "min_data_in_leaf": 5, **several}
    model = lightgbm.train(options, lightgbm.Dataset(data.fitted, labels), 12)

    def asked(rows: Any) -> dict[str, Any]:
        return _by_objective(model.predict(rows), "multiclass" if several else objective)

    return Made(model, data, asked)


def _catboost() -> Iterator[Case]:
    for at, options in enumerate(_CATBOOST):
        kind = _KINDS[at % len(_KINDS)]
        quiet = {"iterations": 12, "verbose": False, "random_seed": 1, "allow_writing_files": False, "thread_count": 1, **options}
        for ending, save in ((".cbm", lambda model, path: model.save_model(path)), (".joblib", joblib.dump)):
            yield _of("catboost", f"classifier-{at}", lambda quiet=quiet: catboost.CatBoostClassifier(**quiet), kind, "classes", ending, save)
            yield _of("catboost", f"regressor-{at}", lambda quiet=quiet: catboost.CatBoostRegressor(**quiet), kind, "numbers", ending, save)
    quiet = {"iterations": 12, "verbose": False, "random_seed": 1, "allow_writing_files": False, "thread_count": 1}
    for name, objective, kind, target in (
        ("two", {"loss_function": "Logloss"}, rows_of.two_classes, "classes"),
        ("one-versus-all", {"loss_function": "MultiClassOneVsAll"}, rows_of.plain, "classes"),
        ("categories", {"cat_features": ["place", "hue"]}, rows_of.table, "classes"),
    ):
        yield _of("catboost", name, lambda objective=objective: catboost.CatBoostClassifier(**quiet, **objective), kind, target, ".cbm", lambda model, path: model.save_model(path))
    for loss in ("MAE", "Poisson", "Quantile:alpha=0.9", "Tweedie:variance_power=1.5", "RMSEWithUncertainty", "Huber:delta=1"):
        yield _of("catboost", f"loss-{loss.split(':')[0].lower()}", lambda loss=loss: catboost.CatBoostRegressor(**quiet, loss_function=loss), rows_of.positive, "numbers", ".cbm", lambda model, path: model.save_model(path))


def _of(
    library: str,
    name: str,
    new: Callable[[], Any],
    kind: Kind,
    target: str,
    ending: str = ".joblib",
    save: Callable[[Any, str], None] = joblib.dump,
    early: bool = False,
    group: bool = False,
) -> Case:
    def make(rng: np.random.Generator) -> Made:
        data = kind(rng)
        labels = 1 / (1 + np.exp(-data.numbers)) if target == "shares" else getattr(data, target)
        more: dict[str, Any] = {}
        if early:
            more = {"eval_set": [(data.fitted[:80], labels[:80])], "verbose": False}
        if group:
            more = {"qid": np.arange(len(labels)) // 10}
        return Made(new().fit(data.fitted, labels, **more), data)

    return Case(f"{library}-{name}-{kind.__name__}{ending}", library, make, ending, save)


