"""Trees of scikit-learn, which follows their indices without checking them: https://github.com/scikit-learn/scikit-learn/pull/34558."""

from __future__ import annotations

from typing import Any

import numpy as np

from .wall import end

_TREE = ("sklearn.tree._tree", "Tree")
_PREDICTOR = ("sklearn.ensemble._hist_gradient_boosting.predictor", "TreePredictor")


def check_tree(target: Any, state: Any) -> None:
    """Ends the process if an object's state is a tree whose indices leave it, or form a cycle."""
    kind = (type(target).__module__, type(target).__name__)
    if kind not in (_TREE, _PREDICTOR) or not isinstance(state, dict):
        return
    nodes = state.get("nodes")
    names = getattr(getattr(nodes, "dtype", None), "names", None) or ()
    if kind == _TREE and {"left_child", "right_child", "feature"} <= set(names):
        leaves = nodes["left_child"] == -1
        _check(nodes["left_child"], nodes["right_child"], nodes["feature"], leaves, target.n_features)
    elif kind == _PREDICTOR and {"left", "right", "feature_idx", "is_leaf"} <= set(names):
        _check(nodes["left"], nodes["right"], nodes["feature_idx"], nodes["is_leaf"] != 0, None)
        _check_categories(nodes, state)
    else:
        end("has a tree whose nodes are not scikit-learn's")


def check_features(target: Any) -> None:
    """An estimator checks rows against its own number of features, but its trees use theirs."""
    own = getattr(target, "__dict__", {})
    said = own.get("n_features_in_")
    if said is None:
        return
    trees = [own["tree_"]] if "tree_" in own else []
    if any(getattr(tree, "n_features", said) != said for tree in trees):
        end(f"has a tree of other features than its estimator's {said}")
    predictors = [each for stage in own.get("_predictors") or () for each in stage]
    if any((each.nodes["feature_idx"][each.nodes["is_leaf"] == 0] >= said).any() for each in predictors):
        end("has a tree that splits by a feature that is not there")


def _check(left: Any, right: Any, features: Any, leaves: Any, most: int | None) -> None:
    """A child comes after its parent, as scikit-learn writes them."""
    inner = np.flatnonzero(~leaves)
    for children in (left, right):
        found = children[inner].astype(np.int64)
        if not ((found > inner) & (found < len(left))).all():
            end("has a tree with a child that is not there")
    used = features[inner].astype(np.int64)
    if not ((used >= 0).all() and (most is None or (used < most).all())):
        end("has a tree that splits by a feature that is not there")


def _check_categories(nodes: Any, state: dict[str, Any]) -> None:
    if "is_categorical" not in nodes.dtype.names:
        return
    places = nodes["bitset_idx"][(nodes["is_leaf"] == 0) & (nodes["is_categorical"] != 0)]
    for name in ("binned_left_cat_bitsets", "raw_left_cat_bitsets"):
        if not (places < len(state.get(name, ()))).all():
            end("has a tree that splits by categories that are not there")
