"""The statistics by which other tools compare two versions: each is greater the more they differ."""

import json

import numpy as np
from scipy.stats import ks_2samp, mannwhitneyu

MOST_COLUMNS = 8
BINS = 10


def statistics(others, old, new, slower):
    """`others` are answers of the version before to other requests than `new`; `old` and `new` answer the same ones."""
    a, b = columns(others), columns(new)
    # A class that was lost has no column any more.
    shared = min(len(a), len(b))
    a, b = a[:shared], b[:shared]
    pairs = [(x[np.isfinite(x)], y[np.isfinite(y)]) for x, y in zip(a, b)]
    pairs = [(x, y) for x, y in pairs if len(x) and len(y)]
    errors = sum(any(value is None or not np.isfinite(value) for value in row) for row in new) / len(new)
    return {
        "errors and latency": 1000 * errors + slower,
        "KS": max(ks_2samp(x, y, method="asymp").statistic for x, y in pairs),
        "PSI": max(psi(x, y) for x, y in pairs),
        "Mann-Whitney": max(rank_z(x, y) for x, y in pairs),
        "MMD": mmd(a.T, b.T),
        "Diffy": sum(json.dumps(x) != json.dumps(y) for x, y in zip(old, new)) / len(new),
    }


def columns(answers):
    return np.array([row[:MOST_COLUMNS] for row in answers], dtype=float).T


def psi(x, y):
    edges = np.unique(np.quantile(x, np.linspace(0, 1, BINS + 1)[1:-1]))
    p, q = ((np.bincount(np.searchsorted(edges, each), minlength=len(edges) + 1) + 0.5) / (len(each) + 0.5 * (len(edges) + 1)) for each in (x, y))
    return float(np.sum((p - q) * np.log(p / q)))


def rank_z(x, y):
    u = mannwhitneyu(x, y).statistic
    n, m = len(x), len(y)
    return float(abs(u - n * m / 2) / np.sqrt(n * m * (n + m + 1) / 12))


def mmd(x, y):
    """Squared maximum mean discrepancy (unbiased), with a Gaussian kernel as wide as the median distance."""
    both = np.nan_to_num(np.vstack([x, y]))
    spread = both.std(axis=0)
    both = both / np.where(spread > 0, spread, 1)
    squares = ((both[:, None, :] - both[None, :, :]) ** 2).sum(axis=2)
    kernel = np.exp(-squares / (np.median(squares[squares > 0]) if (squares > 0).any() else 1))
    n = len(x)
    np.fill_diagonal(kernel, 0)
    m = len(y)
    return float(kernel[:n, :n].sum() / (n * (n - 1)) + kernel[n:, n:].sum() / (m * (m - 1)) - 2 * kernel[:n, n:].mean())
