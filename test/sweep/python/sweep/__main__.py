"""
`python -m sweep list [PATTERN]` prints the cases, a line of JSON for each.
`python -m sweep make FOLDER SEED ONE_IN [PATTERN]` writes one in so many models and what each is asked, and prints a line of JSON for each.
"""

from __future__ import annotations

import json
import pickle
import re
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np

from . import boosters, estimators, pipelines
from .answers import answers_of, quietly
from .case import Case
from .questions import questions_of, throws_dice


def main() -> None:
    verb, *given = sys.argv[1:]
    warnings.simplefilter("ignore")
    if verb == "list":
        for case in _cases(*given):
            print(json.dumps({"name": case.name, "family": case.family}))
    else:
        folder, seed, one_in, *pattern = given
        for case in _cases(*pattern)[int(seed) % int(one_in) :: int(one_in)]:
            print(json.dumps(_made(case, Path(folder), int(seed))), flush=True)


def _cases(pattern: str = "") -> list[Case]:
    found = {case.name: case for module in (estimators, pipelines, boosters) for case in module.cases()}
    return [case for case in found.values() if re.search(pattern, f"{case.family}/{case.name}", re.IGNORECASE)]


def _made(case: Case, folder: Path, seed: int) -> dict[str, str]:
    """The place of the model and its questions, or the reason why there are none."""
    told = {"name": case.name, "family": case.family}
    rng = np.random.default_rng([seed, zlib.crc32(case.name.encode())])
    np.random.seed(seed)
    try:
        made = case.make(rng)
        own = folder / case.name
        own.mkdir(parents=True, exist_ok=True)
        path = own / f"model{case.ending}"
        case.save(made.model, str(path))
        asked = quietly(made.asked) if made.asked else answers_of(made.model)
        if throws_dice(asked, made.data.unseen):
            raise ValueError("it answers the same rows otherwise each time, so there is nothing to compare")
        questions = list(questions_of(asked, made.data.unseen, rng))
        (own / "questions.pickle").write_bytes(pickle.dumps(questions))
        return {**told, "model": str(path), "questions": str(own / "questions.pickle")}
    except Exception as error:
        return {**told, "why": f"{type(error).__name__}: {error}"[:300]}


if __name__ == "__main__":
    main()
