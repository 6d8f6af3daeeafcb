import type { PickledNeeds } from '#formats/sklearn/inspect.ts';
import { GENSIM } from './network-ways.ts';
import type { Way } from './way.ts';

const LOAD = [
  '# Name the packages that its classes are from in requirements.txt, as they were when it was saved, and its Python (3.12) in .python-version.',
  'saved = joblib.load(FILE)',
] as const;

// A pickle of dill names some of Python's own by names that only dill looks up.
const BY_DILL = ['with open(FILE, "rb") as file:', '    saved = dill.load(file)'] as const;

const PICKLE: Way = {
  imports: ['import joblib', 'import numpy as np', 'import pandas as pd'],
  load: [
    ...LOAD,
    '# Of several things in a dict or a list, the model is the one that predicts.',
    'parts = saved.values() if isinstance(saved, dict) else saved if isinstance(saved, (list, tuple)) else [saved]',
    'names = ("predict", "transform")',
    'self.answer = next(getattr(part, name) for name in names for part in parts if hasattr(part, name))',
    'self.columns = getattr(self.answer.__self__, "feature_names_in_", None)',
  ],
  answer: [
    '# Objects are rows of a table with named columns, or all of it by column; texts go in as they are.',
    'if isinstance(rows, dict):',
    '    has_columns = any(isinstance(value, list) for value in rows.values())',
    '    rows = pd.DataFrame(rows if has_columns else [rows])',
    'elif isinstance(rows, list) and isinstance(rows[0], dict):',
    '    rows = pd.DataFrame(rows)',
    'elif isinstance(rows, list) and not isinstance(rows[0], str):',
    '    rows = rows if isinstance(rows[0], list) else [rows]',
    '    # Fitted on named columns it takes them by place: an array of numbers and texts would be all texts.',
    '    rows = np.asarray(rows) if self.columns is None else pd.DataFrame(rows, columns=list(self.columns))',
    'return np.asarray(self.answer(rows)).tolist()',
  ],
  requirements: ['joblib', 'numpy', 'pandas', 'scikit-learn'],
};

const STATSMODELS: Way = {
  imports: ['import numpy as np', 'import statsmodels.api as sm'],
  load: ['self.model = sm.load(FILE)'],
  answer: [
    'return np.asarray(self.model.predict(np.atleast_2d(np.asarray(rows, "float64")))).tolist()',
  ],
  requirements: ['statsmodels', 'numpy'],
};

const HELD = { imports: ['import joblib'], load: [...LOAD, 'self.model = saved'] } as const;

/** Of libraries whose models are asked otherwise than scikit-learn's. */
const OTHERS: Readonly<Record<string, Way>> = {
  statsmodels: STATSMODELS,
  gensim: GENSIM,
  hdbscan: {
    imports: ['import hdbscan', 'import joblib', 'import numpy as np', 'import pandas as pd'],
    load: [...LOAD, 'self.model = saved'],
    answer: [
      'if isinstance(rows, list) and isinstance(rows[0], dict):',
      '    rows = pd.DataFrame(rows)',
      '# It answers for new rows where it was made with prediction_data=True.',
      'labels, strengths = hdbscan.approximate_predict(self.model, np.atleast_2d(rows))',
      'return {"labels": labels.tolist(), "strengths": strengths.tolist()}',
    ],
    requirements: ['hdbscan', 'joblib', 'numpy', 'pandas', 'scikit-learn'],
  },
  sklearn_crfsuite: {
    ...HELD,
    takes: 'sentences',
    answer: [
      '# A list of sentences, each a list with an object of features for each word.',
      'return [list(labels) for labels in self.model.predict(sentences)]',
    ],
    requirements: ['joblib', 'scikit-learn', 'sklearn-crfsuite'],
  },
  river: {
    ...HELD,
    answer: [
      '# Objects of features. A name that was a number in Python is a text in JSON.',
      'named = [{int(name) if name.isdigit() else name: value for name, value in row.items()} for row in rows]',
      'return [self.model.predict_one(row) for row in named]',
    ],
    requirements: ['joblib', 'river'],
  },
  lifelines: {
    imports: ['import joblib', 'import pandas as pd'],
    load: [...LOAD, 'self.model = saved'],
    answer: [
      '# Of a model of Cox the hazard of each row beside the others, of other models its expected time.',
      'answer = getattr(self.model, "predict_partial_hazard", None) or self.model.predict_expectation',
      'return answer(pd.DataFrame(rows)).tolist()',
    ],
    requirements: ['joblib', 'lifelines', 'pandas'],
  },
  surprise: {
    ...HELD,
    takes: 'user, item',
    answer: ['return self.model.predict(user, item).est'],
    requirements: ['joblib', 'scikit-surprise'],
  },
};

/** The packages of the index whose modules pickles name, where both are called otherwise or are well known. */
const PACKAGES: Readonly<Record<string, string>> = {
  cloudpickle: 'cloudpickle',
  dill: 'dill',
  catboost: 'catboost',
  category_encoders: 'category-encoders',
  feature_engine: 'feature-engine',
  flaml: 'flaml[automl]',
  imblearn: 'imbalanced-learn',
  lightgbm: 'lightgbm',
  pmdarima: 'pmdarima',
  // Its tables keep their texts by it, where it was there.
  pandas: 'pyarrow',
  prophet: 'prophet',
  pycaret: 'pycaret',
  sksurv: 'scikit-survival',
  sktime: 'sktime',
  umap: 'umap-learn',
  xgboost: 'xgboost',
};

/** How a pickle is loaded that needs these. */
export function wayOfPickle({ roots, sklearn }: PickledNeeds): Way {
  const other = Object.keys(OTHERS).find((root) => roots.includes(root));
  const way = (other && OTHERS[other]) || PICKLE;
  if (other === 'statsmodels' || other === 'gensim') return way;
  // A package that is called as a module may be another's: only those that are known are named.
  const named = roots.flatMap((root) => PACKAGES[root] ?? []);
  const exact = way.requirements.map((each) =>
    each === 'scikit-learn' && sklearn !== null ? `${each}==${sklearn}` : each,
  );
  const whole = { ...way, requirements: [...exact, ...named] };
  return roots.includes('dill') ? loadedByDill(whole) : whole;
}

function loadedByDill(way: Way): Way {
  return {
    ...way,
    imports: way.imports.map((line) => (line === 'import joblib' ? 'import dill' : line)).sort(),
    load: way.load.flatMap((line) => (line === LOAD[1] ? BY_DILL : [line])),
    requirements: way.requirements.filter((name) => name !== 'joblib'),
  };
}
