"""Answers of models before and after a change, for `bench/gate.ts`: one line of JSON for each pair of versions.

`answers.py SEEDS ENCODER [retrained]` makes, by real frameworks (`models.py`), for each of SEEDS seeds:
24 faults of a release (12 kinds of two models), 14 of them in versions that were trained again as well, 40 equal or equivalent versions, 24 that were trained again, and 6 that only the truth shows; besides, damaged and retrained graphs of ONNX, and a damaged encoder in safetensors. The word `retrained` asks for those that were trained again alone. ENCODER is the folder with the tokenizer of all-MiniLM-L6-v2.
Each line has the files of both versions as their owner saves them (null where there is none), the kind, what it is, the form of the answers, the labels of both versions, the rows that nobody trained with, and both answers to each.
After a line, each line of rows on standard input is answered by the version before; an empty line asks for the next pair.
"""

import json
import logging
import os
import sys
import tempfile
import time

import joblib
import numpy as np
from distributions import statistics
from models import (
    CLASSIFIERS,
    MEANS,
    NUMBERS,
    OTHER_LIBRARY,
    OTHER_SETTINGS,
    SCALES,
    Changed,
    Encoder,
    Int8,
    Onnx,
    Table,
    Text,
    World,
    corrupted,
    exchanged,
    half,
    in_template,
    inch,
    loaded_again,
    lost_class,
    one_by_one,
    other_scaler,
    quantized,
    reordered,
    rounded,
    scaled_twice,
    single,
    texts,
    weights_of,
    zeros,
)

ROWS = 1500
MORE = 150
ASKED = 60
LABELLED = 400
# A version trained again is as good as the one before where it is at most so much worse on 2,000 rows: a point of accuracy, or of the spread of the truth.
AS_GOOD = 0.01
# So many of each kind are found for a model, among so many at most.
AGAIN = 3
MOST_TRIES = 12
SCRATCH = tempfile.TemporaryDirectory()


def with_missing(x, seed):
    out = x.copy()
    out[np.random.default_rng(seed).random(out.shape) < 0.2] = np.nan
    return out


def tell(value):
    print(json.dumps(value), flush=True)


def said(answers):
    """As a server writes them: JSON has no NaN."""
    return [[value if np.isfinite(value) else None for value in row] for row in answers]


def saved(version, name):
    """The path of the file that its owner uploads; None for code around a model."""
    if hasattr(version, "path"):
        return version.path
    if isinstance(version, Changed) and not hasattr(version.model, "pipeline"):
        return None
    if not hasattr(version, "pipeline"):
        return None
    path = os.path.join(SCRATCH.name, f"{name}.joblib")
    joblib.dump(version.pipeline(), path)
    return path


def timed(version, rows):
    began = time.perf_counter()
    return version.answers(rows), time.perf_counter() - began


def line(what, kind, before, after, rows, others=None, truth=None, loss=None):
    """`loss` is how much worse the version after is on rows with a truth. `others` are the requests of the version before in an unpaired test: no gate that watches traffic has the same request twice."""
    (old, old_s), (new, new_s) = timed(before, rows), timed(after, rows)
    told = rows if isinstance(rows, list) else np.where(np.isnan(rows), None, rows).tolist()
    found = {
        "what": what,
        "kind": kind,
        "form": before.form,
        "labels": [before.labels, after.labels],
        "dtypes": [getattr(version, "dtypes", ["FP64"]) for version in (before, after)],
        "rows": told,
        "pairs": [{"before": a, "after": b} for a, b in zip(said(old), said(new))],
    }
    found["files"] = [saved(version, name) for version, name in [(before, "before"), (after, "after")]]
    if truth is not None:
        found["truth"] = [value.item() for value in truth]
    if loss is not None:
        found["loss"] = float(loss)
    if others is not None:
        found["beside"] = statistics(before.answers(others), old, new, new_s / old_s)
    tell(found)
    for asked in iter(sys.stdin.readline, "\n"):
        rows = json.loads(asked)
        tell({"before": said(before.answers(rows)), "after": said(after.answers(rows))})


def error_of(model, x, y):
    said = np.array([row[0] for row in model.answers(x)], dtype=float)
    return np.mean(said != y) if model.form == "labelled" else np.mean(np.abs(said - y)) / np.std(y)


def faults_of(model, x):
    yield "columns exchanged", Changed(model, before=exchanged)
    yield "another scaler", other_scaler(model, x)
    yield "16 bits for the inputs", Changed(model, before=half)
    yield "a column in another unit", Changed(model, before=inch)
    yield "quantized too far", quantized(model)
    yield "a corrupted tensor", corrupted(model, 1)
    yield "scaled twice", scaled_twice(model)


def int8_of(model, folder):
    """The same network as ONNX in 32 bits and in 8; None for other models, whose graphs have no matrices."""
    if not hasattr(model.estimator, "coefs_"):
        return None
    return Onnx(model, folder), Int8(model, folder)


def equals_of(model, folder, seed):
    yield "saved and loaded", loaded_again(model, folder)
    yield "rounded as by another BLAS", Changed(model, after=rounded(seed))
    yield "32 bits for the inputs", single(model)
    yield "a request for each row", one_by_one(model)
    is_converted = type(model.estimator).__module__.startswith("sklearn")
    yield ("ONNX beside the framework", Onnx(model, folder)) if is_converted else ("saved and loaded", loaded_again(model, folder))


class Rows:
    """The rows of a seed for one model over a table: those it learns from, and others."""

    def __init__(self, seed, kind):
        self.seed, self.kind = seed, kind
        self.world = World(seed)
        self.column = 1 if kind in CLASSIFIERS else 2
        self.x, self.y = self.rows(seed, ROWS)
        self.test = self.rows(seed + 5000, 2000)
        self.turn = 0

    def rows(self, seed, count, world=None):
        sample = (world or self.world).sample(seed, count)
        return sample[0], sample[self.column]

    def fresh(self, count=ASKED):
        self.turn += 1
        return self.rows(seed=100_000 + self.seed * 1000 + self.turn, count=count)

    def train(self, count=ROWS - MORE, seed=None, kind=None, **settings):
        return Table(kind or self.kind, self.x[:count], self.y[:count], self.seed if seed is None else seed, **settings)

    def all(self, folder):
        model = self.train()
        self.faults(model)
        self.equals(model, folder)
        self.again(model)
        self.untrue(model)
        self.graphs(model, folder)

    def faults(self, model):
        for kind, after in faults_of(model, self.x):
            line("fault", kind, model, after, self.fresh()[0], self.fresh()[0])
        asked, others = (with_missing(self.fresh()[0], turn) for turn in (1, 2))
        line("fault", "missing values as zeros", model, Changed(model, before=zeros), asked, others)
        again = self.train(count=ROWS, seed=self.seed + 500)
        for kind, after in faults_of(again, self.x):
            line("fault again", kind, model, after, self.fresh()[0])

    def graphs(self, model, folder):
        """The same model as a graph of ONNX, with damaged weights and trained again."""
        if not type(model.estimator).__module__.startswith("sklearn"):
            return
        before = Onnx(model, folder, "before")
        faults = {"a corrupted tensor": corrupted(model, 1)}
        if weights_of(model.estimator):
            faults["quantized too far"] = quantized(model)
        for kind, after in faults.items():
            line("fault of a file", f"{kind}, in ONNX", before, Onnx(after, folder, "after"), self.fresh()[0])
        asked = with_missing(self.fresh()[0], 3)
        line("fault of a file", "missing values unfilled, in ONNX", before, Onnx(model, folder, "after", is_filled=False), asked)
        retrained = {
            "another seed": self.train(seed=self.seed + 1000, count=ROWS - MORE - 10),
            "10 % more rows": self.train(count=ROWS),
            "other settings": self.train(**OTHER_SETTINGS[self.kind][0]),
        }
        for kind, after in retrained.items():
            line("file trained again", f"{kind}, in ONNX", before, Onnx(after, folder, "after"), self.fresh()[0])

    def equals(self, model, folder):
        for kind, after in equals_of(model, folder, self.seed):
            for _ in range(4):
                line("equal", kind, model, after, self.fresh()[0], self.fresh()[0])
        for full, rounded_weights in filter(None, [int8_of(model, folder)]):
            for _ in range(4):
                line("equal", "int8 that holds", full, rounded_weights, self.fresh()[0], self.fresh()[0])

    def again(self, model):
        """Three versions of each kind that are as good: a worse one is left out, and the next one takes its place."""
        error = error_of(model, *self.test)
        candidates = {
            "another seed": lambda turn: self.train(seed=self.seed + 1000 + turn, count=ROWS - MORE - 10 * turn),
            "10 % more rows": lambda turn: self.train(count=ROWS - 10 * turn),
            "another library": lambda turn: self.train(kind=OTHER_LIBRARY[self.kind], count=ROWS - 10 * turn),
            "other settings": lambda turn: self.train(**OTHER_SETTINGS[self.kind][turn]),
        }
        for kind, train in candidates.items():
            turns = range(len(OTHER_SETTINGS[self.kind]) if kind == "other settings" else MOST_TRIES)
            found = 0
            for after in map(train, turns):
                loss = error_of(after, *self.test) - error
                if loss > AS_GOOD:
                    tell({"what": "worse", "kind": kind})
                    continue
                line("retrained", kind, model, after, self.fresh()[0], loss=loss)
                found += 1
                if found == AGAIN:
                    break

    def untrue(self, model):
        x, y = self.rows(self.seed, ROWS, World(self.seed, drift=0.8))
        older = Table(self.kind, x, y, self.seed)
        leaked = self.x.copy()
        # The last column was filled in after the fact: it follows the target in the training, and is as ever in the requests.
        leaked[:, 5] = MEANS[5] + SCALES[5] * (self.y - self.y.mean()) / self.y.std()
        leak = Table(self.kind, leaked, self.y, self.seed)
        # Three rows of four learnt what happened to the row before; what happens to the fourth is the same again.
        late = np.where(np.arange(ROWS) % 4 > 0, np.roll(self.y, 1), self.y)
        window = Table(self.kind, self.x, late, self.seed)
        for kind, after in [("older data", older), ("a leaked target", leak), ("a window off by one", window)]:
            asked, truth = self.fresh(LABELLED)
            line("untrue", kind, model, after, asked, truth=truth)


def label_faults(seed, kinds):
    """Labels in another order, and a class lost: both are in the facts of a classifier."""
    for kind in kinds:
        table = Rows(seed, kind)
        model = table.train()
        order = Changed(model, after=reordered, labels=model.labels[::-1])
        lost = Changed(model, after=lost_class, labels=model.labels[:-1])
        line("fault", "labels in another order", model, order, table.fresh()[0], table.fresh()[0])
        line("fault", "a class lost", model, lost, table.fresh()[0], table.fresh()[0])


def text_faults(seed, encoder):
    documents, topics = texts(seed, 400)
    for model in [Text(documents, topics), encoder]:
        asked, others = texts(seed + 7000, ASKED)[0], texts(seed + 8000, ASKED)[0]
        line("fault", "another tokenizer", model, model.with_other_vocabulary(), asked, others)
        line("fault", "a template around the text", model, in_template(model), asked, others)


def corrupted_encoder(seed, full):
    path = os.path.join(SCRATCH.name, "model.safetensors")
    after = full.corrupted(path, seed % full.layers)
    line("fault of a file", "a corrupted tensor, in safetensors", full, after, texts(seed + 9900, ASKED)[0])


def int8_encoder(seed, encoder, full):
    for turn in range(2):
        asked, others = (texts(seed + start + turn, ASKED)[0] for start in (9000, 9500))
        line("equal", "int8 that holds", full, encoder, asked, others)


def kinds_of(seed):
    return [CLASSIFIERS[seed % len(CLASSIFIERS)], NUMBERS[seed % len(NUMBERS)]]


def retrained(seeds):
    for seed in range(seeds):
        for kind in kinds_of(seed):
            rows = Rows(seed, kind)
            rows.again(rows.train())


def main(seeds, folder):
    # The quantization advises a preparation that is for pictures.
    logging.disable(logging.WARNING)
    encoder = Encoder(folder)
    full = encoder.in_full(folder)
    for seed in range(seeds):
        kinds = kinds_of(seed)
        for kind in kinds:
            Rows(seed, kind).all(SCRATCH.name)
        label_faults(seed, [kinds[0], CLASSIFIERS[(seed + 1) % len(CLASSIFIERS)]])
        text_faults(seed, encoder)
        int8_encoder(seed, encoder, full)
        corrupted_encoder(seed, full)


if __name__ == "__main__":
    seeds, encoder, *only = sys.argv[1:]
    if only == ["retrained"]:
        retrained(int(seeds))
    else:
        main(int(seeds), encoder)
