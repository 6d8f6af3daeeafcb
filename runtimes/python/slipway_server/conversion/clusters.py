"""Converts scikit-learn's models of distances: k-means, which compares only the terms that differ between its centres. Neighbours are not converted."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from .nodes import Nodes
from .trees import finite


_NEIGHBOURS = ("KNeighborsClassifier", "KNeighborsRegressor", "RadiusNeighborsClassifier", "RadiusNeighborsRegressor")


def register_clusters(register: Callable[[Any, Any], None]) -> None:
    """`register(estimator class, converter)`, for each class."""
    from sklearn import cluster, neighbors

    for each in (cluster.KMeans, cluster.MiniBatchKMeans):
        register(each, _convert)
    for name in _NEIGHBOURS:
        register(getattr(neighbors, name), _refuse_neighbours)


def _refuse_neighbours(*_: Any) -> None:
    raise ValueError("it chooses between neighbours that are nearly as far, which a conversion does in another order")


def _convert(nodes: Nodes, model: Any, rows: str, outputs: list[str]) -> None:
    """The label, and the distance from each centre."""
    rows = finite(nodes, rows)
    centers = np.asarray(model.cluster_centers_, np.float64)
    products = nodes.add("MatMul", rows, nodes.constant(centers.T, np.float64))
    twice = nodes.add("Mul", products, nodes.constant(-2.0, np.float64))
    apart = nodes.add("Add", nodes.constant((centers**2).sum(axis=1), np.float64), twice)
    nodes.add("ArgMin", apart, axis=1, keepdims=0, out=outputs[0])
    squares = nodes.add("Add", nodes.add("ReduceSumSquare", rows, axes=[1], keepdims=1), apart)
    nodes.add("Sqrt", nodes.add("Max", squares, nodes.constant(0.0, np.float64)), out=outputs[1])
