"""Where a model decides: for each feature the values that split its trees, or the range that it has learned."""

from __future__ import annotations

import json
import re
from typing import Any, Iterator

import numpy as np


def thresholds_of(model: Any, width: int) -> list[np.ndarray]:
    """For each of the model's own features the values worth asking about, sorted; empty where nothing is known of one."""
    found: list[list[float]] = [[] for _ in range(width)]
    for feature, value in _splits(model, width):
        if 0 <= feature < width and np.isfinite(value):
            found[feature].append(float(value))
    return [np.unique(np.array(values, dtype=np.float64)) for values in found]


def _splits(model: Any, width: int) -> Iterator[tuple[int, float]]:
    module = type(model).__module__.partition(".")[0]
    if module == "xgboost":
        yield from _xgboost(model.get_booster() if hasattr(model, "get_booster") else model)
    elif module == "lightgbm":
        yield from _lightgbm(getattr(model, "booster_", model))
    elif module == "catboost":
        for feature, borders in _catboost(model):
            yield from ((feature, border) for border in borders)
    else:
        yield from _trees(model)
        yield from _ranges(model, width)


def _xgboost(booster: Any) -> Iterator[tuple[int, float]]:
    names = {name: index for index, name in enumerate(booster.feature_names or [])}

    def walk(node: dict[str, Any]) -> Iterator[tuple[int, float]]:
        if "children" not in node:
            return
        name = str(node["split"])
        index = names[name] if name in names else int(re.sub(r"\D", "", name) or -1)
        if isinstance(node.get("split_condition"), (int, float)):
            yield index, node["split_condition"]
        for child in node["children"]:
            yield from walk(child)

    for tree in booster.get_dump(dump_format="json"):
        yield from walk(json.loads(tree))


def _lightgbm(booster: Any) -> Iterator[tuple[int, float]]:
    def walk(node: dict[str, Any]) -> Iterator[tuple[int, float]]:
        if "split_feature" not in node:
            return
        if node["decision_type"] == "<=":
            yield node["split_feature"], node["threshold"]
        else:
            yield from ((node["split_feature"], float(code)) for code in str(node["threshold"]).split("||"))
        for child in ("left_child", "right_child"):
            yield from walk(node[child])

    for tree in booster.dump_model()["tree_info"]:
        yield from walk(tree["tree_structure"])


def _catboost(model: Any) -> Iterator[tuple[int, list[float]]]:
    try:
        borders = model.get_borders()
    except Exception:
        return
    numbers = [index for index in range(len(model.feature_names_)) if index not in set(model.get_cat_feature_indices())]
    for position, values in borders.items():
        if int(position) < len(numbers):
            yield numbers[int(position)], values


def _trees(model: Any) -> Iterator[tuple[int, float]]:
    for tree in _flat(getattr(model, "estimators_", [])):
        if hasattr(tree, "tree_"):
            yield from zip(tree.tree_.feature.tolist(), tree.tree_.threshold.tolist())
    if hasattr(model, "tree_"):
        yield from zip(model.tree_.feature.tolist(), model.tree_.threshold.tolist())
    for stage in getattr(model, "_predictors", []):
        for predictor in stage:
            inner = predictor.nodes[predictor.nodes["is_leaf"] == 0]
            yield from zip(inner["feature_idx"].tolist(), inner["num_threshold"].tolist())


def _ranges(model: Any, width: int) -> Iterator[tuple[int, float]]:
    """Of scalers, imputers, clusters, neighbours and linear models: what they keep of their rows, or where they turn."""
    for name in ("mean_", "statistics_", "center_", "data_min_", "data_max_"):
        values = getattr(model, name, None)
        if isinstance(values, np.ndarray) and values.shape == (width,) and values.dtype.kind == "f":
            spread = getattr(model, "scale_", None)
            steps = spread if isinstance(spread, np.ndarray) and name in ("mean_", "center_") else np.zeros(width)
            for factor in (-2.0, -0.5, 0.0, 0.5, 2.0):
                yield from enumerate((values + factor * steps).tolist())
    for name in ("cluster_centers_", "support_vectors_", "_fit_X", "theta_", "means_"):
        rows = getattr(model, name, None)
        if isinstance(rows, np.ndarray) and rows.ndim == 2 and rows.shape[1] == width:
            for row in rows[:200]:
                yield from enumerate(row.tolist())
    coefficients = getattr(model, "coef_", None)
    if isinstance(coefficients, np.ndarray) and coefficients.shape[-1] == width:
        # As far as moves a score by four, each feature alone.
        reach = 4 / np.maximum(np.abs(np.atleast_2d(coefficients)).max(axis=0), 1e-3)
        for factor in (-1.0, -0.3, 0.0, 0.3, 1.0):
            yield from enumerate((factor * reach).tolist())


def _flat(trees: Any) -> list[Any]:
    return list(np.asarray(trees, dtype=object).ravel()) if len(trees) > 0 else []
