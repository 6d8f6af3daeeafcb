"""Answers of models before and after a change, for `bench/gate.ts`: one line of JSON for each pair of versions.

`answers.py SEEDS` trains, by real frameworks, two models for each of SEEDS seeds, trains them again on a tenth more rows, and breaks the second ones.
Each line has the kind, what it is (`broken`, `equal` or `retrained`), the labels of both versions, 60 rows that nobody trained with, and both answers to each.
After a line, each line of rows on standard input is answered by the version before; an empty line asks for the next pair.
"""

import json
import sys

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier, XGBRegressor

ROWS = 2000
ASKED = 60
# Columns in the units that people have: years, euros, kilometres, a share, a count.
SCALES = np.array([12.0, 25_000.0, 140.0, 0.2, 6.0, 900.0])
MEANS = np.array([40.0, 60_000.0, 200.0, 0.5, 9.0, 1500.0])


def data(seed, rows=ROWS):
    random = np.random.default_rng(seed)
    weights = random.normal(size=(6, 3))
    z = random.normal(size=(rows + ASKED, 6))
    score = z @ weights + 0.4 * np.sin(2 * z[:, [0, 1, 2]]) + random.normal(scale=0.3, size=(rows + ASKED, 3))
    x = z * SCALES + MEANS
    return x, score.argmax(axis=1), 100 + 30 * score[:, 0]


class Labelled:
    """A classifier as a server answers for it: a label, and a probability for each class."""

    def __init__(self, model):
        self.model = model
        self.labels = [str(label) for label in getattr(model, "classes_", [0, 1, 2])]

    def answers(self, x):
        odds = self.model.predict_proba(x)
        return [[int(self.model.classes_[row.argmax()]), *map(float, row)] for row in odds]


class Number:
    def __init__(self, model):
        self.model = model
        self.labels = []

    def answers(self, x):
        return [[float(value)] for value in self.model.predict(x)]


class Changed:
    """A model whose requests or answers are changed on their way."""

    def __init__(self, model, before=lambda x: x, after=lambda answers: answers, labels=None):
        self.model, self.before, self.after = model, before, after
        self.labels = model.labels if labels is None else labels

    def answers(self, x):
        return self.after(self.model.answers(self.before(x)))


def trained(kind, x, y, number, seed, **settings):
    if kind == "forest":
        return Labelled(RandomForestClassifier(40, max_depth=8, random_state=seed, n_jobs=1, **settings).fit(x, y))
    if kind == "logistic":
        return Labelled(make_pipeline(StandardScaler(), LogisticRegression(max_iter=500, **settings)).fit(x, y))
    if kind == "xgboost":
        return Labelled(XGBClassifier(n_estimators=40, max_depth=4, random_state=seed, n_jobs=1, subsample=0.8, **settings).fit(x, y))
    if kind == "ridge":
        return Number(make_pipeline(StandardScaler(), Ridge(**settings)).fit(x, number))
    return Number(XGBRegressor(n_estimators=40, max_depth=4, random_state=seed, n_jobs=1, subsample=0.8, **settings).fit(x, number))


def swapped(x):
    out = x.copy()
    out[:, [0, 2]] = out[:, [2, 0]]
    return out


def scaled_again(x):
    return (x - MEANS) / SCALES


def inch(x):
    out = x.copy()
    out[:, 2] = out[:, 2] / 2.54
    return out


def with_missing(x):
    out = x.copy()
    out[np.random.default_rng(1).random(out.shape) < 0.2] = np.nan
    return out


def imputed(x):
    return np.where(np.isnan(x), MEANS, x)


def zeros(x):
    return np.where(np.isnan(x), 0.0, x)


def nulls(answers):
    return [[None if index % 7 == 3 and at > 0 or len(row) == 1 and index % 7 == 3 else value for at, value in enumerate(row)] for index, row in enumerate(answers)]


def turned(answers):
    return [[(row[0] + 1) % 3, row[3], row[1], row[2]] if len(row) > 1 else [-row[0]] for row in answers]


def renamed(answers):
    return [[(row[0] + 1) % 3, *row[1:]] if len(row) > 1 else [row[0] * 0.001] for row in answers]


def quantized(answers):
    return [[row[0], *(round(value) for value in row[1:])] if len(row) > 1 else [round(row[0] / 40) * 40.0] for row in answers]


def constant(answers):
    return [answers[0] for _ in answers]


def broken(model):
    """Each kind of breakage, as the version after."""
    yield "columns exchanged", Changed(model, before=swapped)
    yield "scaler applied twice", Changed(model, before=scaled_again)
    yield "a column in another unit", Changed(model, before=inch)
    yield "numbers cut to whole ones", Changed(model, before=np.trunc)
    yield "answers turned", Changed(model, after=turned)
    yield "labels or unit exchanged", Changed(model, after=renamed)
    yield "nothing for numbers", Changed(model, after=nulls)
    yield "quantized too far", Changed(model, after=quantized)
    yield "one answer", Changed(model, after=constant)
    yield "labels in another order", Changed(model, labels=model.labels[::-1]) if model.labels else Changed(model, after=lambda a: [[np.log1p(abs(row[0]))] for row in a])
    yield "a class lost", Changed(model, labels=model.labels[:-1]) if model.labels else Changed(model, after=lambda a: [[min(row[0], 100.0)] for row in a])


def tell(value):
    print(json.dumps(value), flush=True)


def line(kind, truth, name, seed, before, after, x):
    pairs = [{"before": old, "after": new} for old, new in zip(before.answers(x), after.answers(x))]
    tell({"kind": kind, "truth": truth, "model": name, "seed": seed, "labels": [before.labels, after.labels], "rows": np.where(np.isnan(x), None, x).tolist(), "pairs": pairs})
    for asked in iter(sys.stdin.readline, "\n"):
        tell({"answers": before.answers(np.array(json.loads(asked), dtype=float))})


def main(seeds):
    for seed in range(seeds):
        x, y, number = data(seed)
        asked = x[ROWS:]
        names = [["forest", "ridge"], ["xgboost", "boosted number"], ["logistic", "ridge"]][seed % 3]
        for name in names:
            half = int(ROWS * 0.9)
            before = trained(name, x[:half], y[:half], number[:half], seed)
            again = trained(name, x[:ROWS], y[:ROWS], number[:ROWS], seed)
            for kind, after in broken(again):
                line(kind, "broken", name, seed, before, after, asked)
            imputing, forgetting = Changed(before, before=imputed), Changed(again, before=zeros)
            line("missing values as zeros", "broken", name, seed, imputing, forgetting, with_missing(asked))
            line("10 % more rows, missing values", "retrained", name, seed, imputing, Changed(again, before=imputed), with_missing(asked))
            noise = np.random.default_rng(seed).normal(scale=1e-7, size=6)
            close = Changed(before, after=lambda a: [[value if at == 0 and len(row) > 1 else value * (1 + noise[at]) for at, value in enumerate(row)] for row in a])
            line("rounded otherwise", "equal", name, seed, before, close, asked)
            line("the same", "equal", name, seed, before, before, asked)
            line("another seed", "retrained", name, seed, before, trained(name, x[:half], y[:half], number[:half], seed + 1000), asked)
            line("10 % more rows", "retrained", name, seed, before, again, asked)
            other = {"ridge": {"alpha": 5.0}, "logistic": {"C": 0.3}, "forest": {"min_samples_leaf": 3}}.get(name, {"learning_rate": 0.2})
            line("other settings", "retrained", name, seed, before, trained(name, x[:half], y[:half], number[:half], seed, **other), asked)


main(int(sys.argv[1]))
