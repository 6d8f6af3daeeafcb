from __future__ import annotations

from ..allowlist import Allowlist
from ..config import Facts
from ..model import Model
from ..wall import end
from .estimator import estimator_model


def load(path: str, facts: Facts) -> Model:
    """By exactly the types that inspection trusts, beside those that skops itself does: what else the file names ends the process."""
    from skops import io

    allowlist = Allowlist(facts.allowed)
    trusted = io.get_untrusted_types(file=path)
    for name in trusted:
        if not allowlist.has_type(name):
            end(f"named {name}, which is not among what models of known frameworks hold")
    return estimator_model(io.load(path, trusted=trusted), facts)
