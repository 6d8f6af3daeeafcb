"""Trees as an ONNX graph that compares and adds in the precision, and in the order, in which their framework does."""

from __future__ import annotations

from typing import Any, Iterable, NamedTuple, Sequence

import numpy as np
from onnx import TensorProto, numpy_helper

from .nodes import ML, Nodes

# The values of `nodes_modes`: which numbers go to the left.
AT_MOST, BELOW = 0, 1
_SUM, _UNCHANGED = 1, 0
# Each node takes about 25 bytes in the file, and as much again in the memory of the server.
_MOST_NODES = 2_000_000
# The names of values which the framework itself has in FP32 begin with it: precision.py.
FP32 = "slipway_fp32"


class Tree(NamedTuple):
    """
    An array for each property of a tree's nodes, the root first. `left` is negative for a leaf; `missing_left` says where a missing value goes.
    `value` is what a leaf adds to the sum of its target.
    """

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    missing_left: np.ndarray
    value: np.ndarray
    target: int = 0


class Trees(NamedTuple):
    """
    A threshold is compared in the type `compares`, and a sum is made in the type `number`: numpy's float32 or float64.
    `takes_infinite`: the framework compares a number that is infinite in `compares`; else it refuses the row.
    """

    trees: Sequence[Tree]
    targets: int
    compares: Any
    number: Any
    mode: int = AT_MOST
    takes_infinite: bool = False


def constant_tree(value: float, target: int) -> Tree:
    """A single leaf: the value that a sum begins with."""
    none = np.array([-1])
    return Tree(np.zeros(1, np.int64), np.zeros(1), none, none, np.zeros(1, bool), np.array([value], np.float64), target)


def sums(nodes: Nodes, rows: str, trees: Trees) -> str:
    """The sum of each target over the trees in their order: [rows, targets], in the number type of the trees."""
    given = rows
    if trees.compares == np.float32:
        # The framework itself rounds its rows before it compares.
        narrow = nodes.cast(given, TensorProto.FLOAT, out=f"{FP32}_{nodes.prefix}_rows")
        given = _in_number(nodes, narrow, trees.number) if trees.takes_infinite else _within_fp32(nodes, narrow, trees.number)
    elif trees.number == np.float64:
        given = nodes.cast(given, TensorProto.DOUBLE)
    out = None if trees.number == np.float64 else f"{FP32}_{nodes.prefix}_sums"
    return nodes.add("TreeEnsemble", given, out=out, domain=ML, **_attributes(trees))


def finite(nodes: Nodes, rows: str) -> str:
    """The same rows in FP64, by nodes that fail where a value is infinite, as scikit-learn refuses rows that a step has made infinite."""
    zero = _zero_if_finite(nodes, rows, np.float64, nodes.prefix)
    return nodes.add("Add", rows, zero)


def too_large(where: str) -> str:
    """The name of a node that fails on numbers which are too large; no other node has the same `where`. runtimes/onnx/session/refused-value.ts reads it."""
    return f'slipway {{"beyond": [], "where": "{where}"}}'


def _within_fp32(nodes: Nodes, narrow: str, number: Any) -> str:
    """The rows in the number type of the trees, by nodes that fail where a value is infinite."""
    prefix = f"{FP32}_{nodes.prefix}" if number == np.float32 else nodes.prefix
    zero = _zero_if_finite(nodes, narrow, number, prefix)
    return nodes.add("Add", _in_number(nodes, narrow, number), zero, out=f"{prefix}_within")


def _in_number(nodes: Nodes, narrow: str, number: Any) -> str:
    return narrow if number == np.float32 else nodes.cast(narrow, TensorProto.DOUBLE)


def _zero_if_finite(nodes: Nodes, rows: str, number: Any, prefix: str) -> str:
    """0 of this number type, by a node that fails where one of the rows is infinite: Gather fails beyond its data."""
    flags = nodes.cast(nodes.add("IsInf", rows), TensorProto.INT64)
    count = nodes.add("ReduceSum", flags, keepdims=0)
    zero = nodes.add("Gather", nodes.constant([0], number), count, out=f"{prefix}_zero")
    nodes.nodes[-1].name = too_large(nodes.prefix)
    return zero


def _attributes(trees: Trees) -> dict[str, Any]:
    # An operator's tree begins with a split: a leaf alone is a split both of whose ways lead to it.
    inner = [np.flatnonzero(tree.left >= 0) for tree in trees.trees]
    counts = [max(1, len(each)) for each in inner]
    if sum(counts) > _MOST_NODES:
        raise ValueError(f"its trees have {sum(counts)} splits, counted for each class; the limit of a conversion is {_MOST_NODES}")
    parts = [_part(tree, splits) for tree, splits in zip(trees.trees, inner)]
    starts = np.cumsum([0, *counts])
    leaves = np.cumsum([0, *(len(part["weights"]) for part in parts)])

    def joined(name: str) -> np.ndarray:
        return np.concatenate([part[name] for part in parts])

    def ids(side: str) -> list[int]:
        shifted = [np.where(part[f"{side}leafs"], part[side] + leaf, part[side] + start) for part, leaf, start in zip(parts, leaves, starts)]
        return np.concatenate(shifted).tolist()

    def tensor(name: str, values: np.ndarray, dtype: Any) -> Any:
        return numpy_helper.from_array(np.asarray(values, dtype), name)

    return {
        "n_targets": trees.targets,
        "aggregate_function": _SUM,
        "post_transform": _UNCHANGED,
        "tree_roots": starts[:-1].tolist(),
        "nodes_featureids": joined("features").tolist(),
        "nodes_splits": tensor("splits", joined("splits"), trees.number),
        "nodes_modes": tensor("modes", np.full(int(starts[-1]), trees.mode), np.uint8),
        "nodes_missing_value_tracks_true": joined("missing").astype(int).tolist(),
        "nodes_truenodeids": ids("true"),
        "nodes_trueleafs": joined("trueleafs").astype(int).tolist(),
        "nodes_falsenodeids": ids("false"),
        "nodes_falseleafs": joined("falseleafs").astype(int).tolist(),
        "leaf_targetids": np.repeat([tree.target for tree in trees.trees], [len(part["weights"]) for part in parts]).tolist(),
        "leaf_weights": tensor("weights", joined("weights"), trees.number),
    }


def _part(tree: Tree, inner: np.ndarray) -> dict[str, np.ndarray]:
    """The attributes of one tree, whose splits and leaves are numbered from 0."""
    zero = np.zeros(1, np.int64)
    if len(inner) == 0:
        one = np.ones(1, bool)
        ends = {"true": zero, "trueleafs": one, "false": zero, "falseleafs": one}
        return {**ends, "features": zero, "splits": np.zeros(1), "missing": ~one, "weights": tree.value[:1]}
    is_leaf = tree.left < 0
    numbers = np.where(is_leaf, np.cumsum(is_leaf) - 1, np.cumsum(~is_leaf) - 1)
    left, right = tree.left[inner], tree.right[inner]
    return {
        "features": tree.feature[inner],
        "splits": tree.threshold[inner],
        "missing": tree.missing_left[inner],
        "true": numbers[left],
        "trueleafs": is_leaf[left],
        "false": numbers[right],
        "falseleafs": is_leaf[right],
        "weights": tree.value[is_leaf],
    }


def probabilities(nodes: Nodes, scores: str, link: str, out: str | None = None) -> str:
    """The probability of each class in FP64, [rows, classes]: by "sigmoid" of one score, or by "softmax" of one for each class."""
    if link == "softmax":
        return nodes.add("Softmax", scores, axis=1, out=out)
    likely = sigmoid(nodes, scores)
    one = nodes.constant(1, np.float64)
    return nodes.add("Concat", nodes.add("Sub", one, likely), likely, axis=1, out=out)


def sigmoid(nodes: Nodes, scores: str) -> str:
    one = nodes.constant(1, np.float64)
    return nodes.add("Div", one, nodes.add("Add", one, nodes.add("Exp", nodes.add("Neg", scores))))


def label(nodes: Nodes, index: str, classes: Iterable[Any], out: str) -> str:
    """The class of each index: text, or an integer."""
    values = np.asarray(list(classes))
    if values.dtype.kind in "UO":
        return nodes.add("Gather", nodes.texts([str(value) for value in values]), index, out=out)
    if not np.array_equal(values, values.astype(np.int64)):
        raise ValueError("it has classes that are numbers and no integers, for which there is no conversion")
    return nodes.add("Gather", nodes.constant(values, np.int64), index, out=out)


def first_largest(nodes: Nodes, scores: str) -> str:
    """The index of the largest score of each row, the first of equals, as in numpy's argmax."""
    return nodes.add("ArgMax", scores, axis=1, keepdims=0)


def above(nodes: Nodes, scores: str, limit: float, *, or_equal: bool = False) -> str:
    """An integer a row: 1 for each row whose only score is larger than the limit, else 0."""
    op = "GreaterOrEqual" if or_equal else "Greater"
    flags = nodes.cast(nodes.add(op, scores, nodes.constant(limit, np.float64)), TensorProto.INT64)
    return nodes.add("Reshape", flags, nodes.constant([-1], np.int64))
