"""Rows of the kinds that real tables have, made by a seeded generator."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .case import Data

FITTED, UNSEEN = 240, 100
PLACES = ["Arles", "Gaspé", "Kyōto", "São Paulo", "New York"]
HUES = ["blue", "red", "green"]
WORDS = "good bad fine poor great awful nail hammer saw kyōto gaspé fast slow".split()


def _split(rows: Any, score: np.ndarray, kinds: int = 3) -> Data:
    edges = np.quantile(score, np.arange(1, kinds) / kinds)
    head, tail = (rows.iloc, rows.iloc) if isinstance(rows, pd.DataFrame) else (rows, rows)
    unseen = tail[FITTED:]
    unseen = unseen.reset_index(drop=True) if isinstance(unseen, pd.DataFrame) else unseen
    return Data(head[:FITTED], unseen, np.digitize(score, edges)[:FITTED], score[:FITTED])


def _plain(rng: np.random.Generator) -> np.ndarray:
    count = FITTED + UNSEEN
    return np.column_stack([rng.normal(size=count), rng.uniform(0, 50, count), rng.normal(1000, 5, count), rng.integers(0, 9, count)])


def _score(rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    scaled = (rows - rows.mean(axis=0)) / np.where(rows.std(axis=0) > 0, rows.std(axis=0), 1)
    return scaled @ np.linspace(1.5, -1.0, rows.shape[1]) + 0.4 * scaled[:, 0] ** 2 + rng.normal(0, 0.3, len(rows))


def plain(rng: np.random.Generator) -> Data:
    """Four columns of everyday sizes."""
    rows = _plain(rng)
    return _split(rows, _score(rows, rng))


def two_classes(rng: np.random.Generator) -> Data:
    rows = _plain(rng)
    return _split(rows, _score(rows, rng), kinds=2)


def counts(rng: np.random.Generator) -> Data:
    """Whole numbers from 0, as models of counts take them."""
    rows = rng.poisson([1, 4, 9, 2], (FITTED + UNSEEN, 4)).astype(float)
    return _split(rows, _score(rows, rng))


def positive(rng: np.random.Generator) -> Data:
    """Positive rows and positive numbers to learn."""
    rows = np.abs(_plain(rng)) + 0.1
    data = _split(rows, _score(rows, rng))
    return Data(data.fitted, data.unseen, data.classes, data.numbers - data.numbers.min() + 1)


def seconds(rng: np.random.Generator) -> Data:
    """Unix seconds beside a small column; the target changes by days."""
    count = FITTED + UNSEEN
    at = rng.integers(1_700_000_000, 1_700_000_000 + 90 * 86_400, count).astype(float)
    small = rng.normal(size=count)
    score = (at - 1_700_000_000) / 86_400 / 30 + small + rng.normal(0, 0.05, count)
    return _split(np.column_stack([at, small]), score)


def large(rng: np.random.Generator) -> Data:
    """Two columns near 1e8 of which the difference matters."""
    count = FITTED + UNSEEN
    base = 1e8 + rng.uniform(0, 1000, count)
    rows = np.column_stack([base, base + rng.normal(0, 3, count), rng.normal(size=count)])
    return _split(rows, rows[:, 1] - rows[:, 0] + rows[:, 2] + rng.normal(0, 0.05, count))


def tiny(rng: np.random.Generator) -> Data:
    """Columns near 1e-9."""
    rows = _plain(rng)[:, :2] * 1e-9
    return _split(rows, _score(rows, rng))


def with_missing(rng: np.random.Generator) -> Data:
    rows = _plain(rng)
    score = _score(rows, rng)
    rows[rng.random(rows.shape) < 0.1] = np.nan
    return _split(rows, score)


def documents(rng: np.random.Generator) -> Data:
    """Texts of a few words in an array of objects."""
    rows = np.array([" ".join(rng.choice(WORDS, rng.integers(2, 9))) for _ in range(FITTED + UNSEEN)], dtype=object)
    score = np.array([sum(("good" in each, "great" in each, "fine" in each)) - ("bad" in each) for each in rows], float)
    return _split(rows, score + rng.normal(0, 0.1, len(rows)))


def table(rng: np.random.Generator, *, missing: bool = False) -> Data:
    """Named columns: a fraction, a count, unix seconds, two of texts."""
    count = FITTED + UNSEEN
    frame = pd.DataFrame(
        {
            "weight": rng.normal(70, 12, count),
            "pieces": rng.integers(0, 9, count),
            "made at": 1_700_000_000.0 + rng.integers(0, 7_000_000, count),
            "place": rng.choice(PLACES, count),
            "hue": rng.choice(HUES, count),
        }
    )
    score = (frame["weight"] - 70) / 12 + (frame["made at"] - 1.7e9) / 3.5e6 + (frame["place"] == "Arles") * 2 + frame["pieces"] / 4
    if missing:
        for name in ("weight", "made at", "place", "hue"):
            frame.loc[rng.random(count) < 0.1, name] = np.nan
    return _split(frame, score.to_numpy() + rng.normal(0, 0.2, count))


def table_with_missing(rng: np.random.Generator) -> Data:
    return table(rng, missing=True)


def table_with_booleans(rng: np.random.Generator) -> Data:
    """The table, with a column of booleans that matters."""
    data = table(rng)
    fitted, unseen = (rows.assign(fragile=rng.random(len(rows)) < 0.5) for rows in (data.fitted, data.unseen))
    return Data(fitted, unseen, np.where(fitted["fragile"], data.classes, 0), data.numbers)


def table_with_more(rng: np.random.Generator) -> Data:
    """The table, with columns that no model learns from: a text and times."""
    data = table(rng)
    more = lambda rows: rows.assign(customer=[f"customer {at}" for at in range(len(rows))], seen=[f"2024-01-{at % 28 + 1:02}" for at in range(len(rows))])
    return Data(more(data.fitted), more(data.unseen), data.classes, data.numbers)


def numbers_table(rng: np.random.Generator) -> Data:
    """Named columns of numbers alone."""
    rows = _plain(rng)
    return _split(pd.DataFrame(rows, columns=["length", "width", "mass", "legs"]), _score(rows, rng))


def categories_table(rng: np.random.Generator) -> Data:
    """Categories of pandas beside numbers."""
    data = table(rng)
    kinds = {"place": pd.CategoricalDtype(PLACES), "hue": pd.CategoricalDtype(HUES)}
    return Data(data.fitted.astype(kinds), data.unseen.astype(kinds), data.classes, data.numbers)


def ids(rng: np.random.Generator, *, named: bool = True) -> Data:
    """Ids beyond 2^53, neighbours among them, beside a number."""
    known = np.sort(np.concatenate([2**53 + np.arange(4), 4 * 10**17 + np.arange(5), 2**63 - 1 - np.arange(3)]))
    chosen = rng.choice(known, FITTED + UNSEEN)
    amount = rng.integers(0, 50, FITTED + UNSEEN)
    score = (chosen % 5).astype(float) + amount / 50 + rng.normal(0, 0.1, len(chosen))
    frame = pd.DataFrame({"user": chosen, "amount": amount})
    return _split(frame if named else frame.to_numpy(), score)


def ids_matrix(rng: np.random.Generator) -> Data:
    return ids(rng, named=False)
