from __future__ import annotations

from typing import Any

from ..config import Facts
from ..loading.allowlist import Allowlist
from ..loading.trees import check_features, check_tree
from ..loading.wall import end
from ..model import Model
from .estimator import estimator_model

PLATFORM = "sklearn_skops"
AHEAD = ("sklearn.ensemble", "sklearn.linear_model", "sklearn.pipeline", "skops.io")


def load(path: str, facts: Facts) -> Model:
    """Trusts exactly the types that inspection allowed, beside those that skops trusts by default: any other type ends the process."""
    from skops import io

    allowlist = Allowlist(facts.allowed)
    trusted = io.get_untrusted_types(file=path)
    for name in trusted:
        if not allowlist.has_type(name):
            end(f"named {name}, which is not among what models of known frameworks hold")
    _check_trees()
    return estimator_model(io.load(path, trusted=trusted), facts)


def _check_trees() -> None:
    """Checks the trees, since skops builds them from the file's numbers without checking them."""
    from skops.io import _general, _sklearn

    for node, made in ((_sklearn.TreeNode, _tree), (_general.ObjectNode, _object)):
        original = node._construct
        if not hasattr(original, "is_checked"):
            node._construct = made(original)
            node._construct.is_checked = True


def _tree(original: Any) -> Any:
    def construct(self: Any) -> Any:
        tree = original(self)
        check_tree(tree, tree.__getstate__())
        return tree

    return construct


def _object(original: Any) -> Any:
    def construct(self: Any) -> Any:
        made = original(self)
        check_tree(made, getattr(made, "__dict__", None))
        check_features(made)
        return made

    return construct
