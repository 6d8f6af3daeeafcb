import { type PredictTemplate, RECORDS } from './predict-template.ts';

export const LOAD = [
  '# Name the packages that its classes are from in requirements.txt, as they were when it was saved, and its Python (3.12) in .python-version.',
  'saved = joblib.load(FILE)',
] as const;

const HELD = { imports: ['import joblib'], load: [...LOAD, 'self.model = saved'] } as const;
const NUMBERS = { ...HELD, imports: ['import joblib', 'import numpy as np'] } as const;
const TABLES = {
  ...HELD,
  imports: ['import joblib', 'import numpy as np', 'import pandas as pd'],
} as const;

/** Makes `rows` a table where they are objects, else an array of numbers. */
const TABLE_OR_NUMBERS = [
  RECORDS,
  'rows = [rows] if isinstance(rows, dict) else rows',
  'is_table = isinstance(rows[0], dict)',
  'rows = pd.DataFrame(rows) if is_table else np.atleast_2d(np.asarray(rows, "float64"))',
] as const;

/** How to call models of libraries whose interface differs from scikit-learn's, by the modules that their pickles name. */
export const LIBRARIES: Readonly<Record<string, PredictTemplate>> = {
  hdbscan: {
    imports: ['import hdbscan', ...TABLES.imports],
    load: HELD.load,
    answer: [
      'if isinstance(rows, list) and isinstance(rows[0], dict):',
      '    rows = pd.DataFrame(rows)',
      '# It answers for new rows where it was made with prediction_data=True.',
      'labels, strengths = hdbscan.approximate_predict(self.model, np.atleast_2d(rows))',
      'return {"labels": labels.tolist(), "strengths": strengths.tolist()}',
    ],
    requirements: ['joblib', 'numpy', 'pandas', 'scikit-learn'],
  },
  sklearn_crfsuite: {
    ...HELD,
    takes: 'sentences',
    answer: [
      '# A list of sentences, each a list with an object of features for each word.',
      'return [list(labels) for labels in self.model.predict(sentences)]',
    ],
    requirements: ['joblib', 'scikit-learn'],
  },
  river: {
    ...HELD,
    answer: [
      '# Objects of features, or texts. A name that was a number in Python is a text in JSON.',
      RECORDS,
      'rows = rows if isinstance(rows, list) else [rows]',
      'last = list(self.model.steps.values())[-1] if hasattr(self.model, "steps") else self.model',
      'ask = next(name for name in ("predict_one", "score_one", "transform_one") if hasattr(last, name))',
      'ask = getattr(self.model, ask)',
      'return [ask(self.named(row)) for row in rows]',
    ],
    methods: [
      'def named(self, row):',
      '    if not isinstance(row, dict):',
      '        return row',
      '    return {int(name) if name.isdigit() else name: value for name, value in row.items()}',
    ],
    requirements: ['joblib'],
  },
  lifelines: {
    ...TABLES,
    answer: [
      '# Objects are rows: a Cox model answers the hazard of each, other models its expected time. Numbers are times of a fitted curve.',
      RECORDS,
      'rows = rows if isinstance(rows, list) else [rows]',
      'if not isinstance(rows[0], dict):',
      '    return np.asarray(self.model.predict(rows)).tolist()',
      'answer = getattr(self.model, "predict_partial_hazard", None) or self.model.predict_expectation',
      'return answer(pd.DataFrame(rows)).tolist()',
    ],
    requirements: ['joblib', 'numpy', 'pandas'],
  },
  prophet: {
    ...TABLES,
    imports: ['import joblib', 'import pandas as pd'],
    takes: 'rows=None, periods=None',
    answer: [
      '# Rows as {"ds": "2026-01-31"}, with the extra regressors where it has any; or `periods`, how many days after its history.',
      RECORDS,
      'if rows is None:',
      '    table = self.model.make_future_dataframe(periods, include_history=False)',
      'else:',
      '    table = pd.DataFrame(rows if isinstance(rows, list) else [rows])',
      'answers = self.model.predict(table)',
      'names = [name for name in ("ds", "yhat", "yhat_lower", "yhat_upper") if name in answers]',
      'return answers[names].assign(ds=answers["ds"].astype(str)).to_dict("records")',
    ],
    requirements: ['joblib', 'numpy', 'pandas'],
  },
  pyod: {
    ...TABLES,
    answer: [
      '# The label 1 is an outlier; a score grows with how far out a row is.',
      ...TABLE_OR_NUMBERS,
      'scores = self.model.decision_function(rows)',
      'return {"labels": self.model.predict(rows).tolist(), "scores": scores.tolist()}',
    ],
    requirements: ['joblib', 'numpy', 'pandas', 'scikit-learn'],
  },
  pmdarima: {
    ...NUMBERS,
    takes: 'steps, exog=None',
    answer: [
      '# How many steps after its history, with `exog` where it has other variables.',
      'more = None if exog is None else np.asarray(exog, "float64")',
      'return np.asarray(self.model.predict(steps, X=more)).tolist()',
    ],
    requirements: ['joblib', 'numpy', 'scikit-learn'],
  },
  sktime: {
    ...NUMBERS,
    takes: 'rows=None, steps=None',
    answer: [
      '# `steps` after its history for a forecaster; else series, each a list of its channels.',
      'if steps is not None:',
      '    return np.asarray(self.model.predict(fh=list(range(1, steps + 1)))).tolist()',
      'return np.asarray(self.model.predict(np.asarray(rows, "float64"))).tolist()',
    ],
    requirements: ['joblib', 'numpy', 'scikit-learn'],
  },
  tslearn: {
    imports: [...NUMBERS.imports, 'from tslearn.utils import to_time_series_dataset'],
    load: [
      ...LOAD,
      'self.ask = saved.predict if hasattr(saved, "predict") else saved.transform',
      '# Its distances are compiled when they are first computed, which may take longer than a client waits: so it is asked for a series of its own here.',
      'fitted = getattr(saved, "_X_fit", None)',
      'if fitted is not None:',
      '    self.ask(fitted[:1])',
    ],
    takes: 'series',
    answer: [
      '# A list of series, which may differ in length: each a list of numbers, or of points with a number for each dimension.',
      'return np.asarray(self.ask(to_time_series_dataset(series))).tolist()',
    ],
    requirements: ['joblib', 'numpy', 'scikit-learn'],
  },
  darts: {
    ...HELD,
    takes: 'steps',
    answer: ['return self.model.predict(steps).values().tolist()'],
    requirements: ['joblib'],
  },
  surprise: {
    ...HELD,
    load: [
      ...LOAD,
      '# surprise.dump keeps the algorithm beside its predictions.',
      'self.model = saved["algo"] if isinstance(saved, dict) else saved',
    ],
    takes: 'pairs',
    answer: [
      '# An object with a user and an item, or a list of them.',
      'several = pairs if isinstance(pairs, list) else [pairs]',
      'found = [self.model.predict(pair["user"], pair["item"]).est for pair in several]',
      'return found if isinstance(pairs, list) else found[0]',
    ],
    requirements: ['joblib'],
  },
  implicit: {
    ...HELD,
    takes: 'user=None, item=None, count=10',
    answer: [
      '# Items for a user, or items like one, by their numbers in the matrix that it was fitted on. What a user already has is not left out.',
      'if item is not None:',
      '    items, scores = self.model.similar_items(item, N=count)',
      'else:',
      '    items, scores = self.model.recommend(user, None, N=count, filter_already_liked_items=False)',
      'return {"items": items.tolist(), "scores": scores.tolist()}',
    ],
    requirements: ['joblib'],
  },
  econml: {
    ...NUMBERS,
    answer: ['return np.asarray(self.model.effect(np.asarray(rows, "float64"))).tolist()'],
    requirements: ['joblib', 'numpy', 'scikit-learn'],
  },
  skorch: {
    ...TABLES,
    load: [
      '# The class of its network is looked up in the module where it was defined: put that file beside this one.',
      ...HELD.load,
    ],
    answer: [
      '# A network of whole numbers, as one that has an Embedding, takes "int64" in the place of "float32".',
      ...TABLE_OR_NUMBERS.map((line) => line.replace('float64', 'float32')),
      'return self.model.predict(rows).tolist()',
    ],
    requirements: ['joblib', 'numpy', 'pandas', 'scikit-learn'],
  },
  // The last entry: pmdarima, sktime and others are built on it, and their pickles name it too.
  statsmodels: {
    ...TABLES,
    takes: 'rows=None, steps=None, exog=None',
    answer: [
      '# Rows, as what it was fitted on: objects for a formula. For a time series `steps`, with `exog` where it has other variables.',
      'if steps is None:',
      ...TABLE_OR_NUMBERS.map((line) => `    ${line}`),
      '    return np.asarray(self.model.predict(rows)).tolist()',
      'if type(self.model).__name__.startswith("VARResults"):',
      '    return self.model.forecast(self.model.endog[-self.model.k_ar :], steps).tolist()',
      'more = {} if exog is None else {"exog": np.asarray(exog, "float64")}',
      'return np.asarray(self.model.forecast(steps, **more)).tolist()',
    ],
    requirements: ['joblib', 'numpy', 'pandas'],
  },
};
