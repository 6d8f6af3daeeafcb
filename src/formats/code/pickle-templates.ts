import { PACKAGES } from '#formats/pickle/library-packages.ts';
import type { PickledNeeds } from '#formats/sklearn/inspect.ts';
import { LIBRARIES, LOAD } from './library-templates.ts';
import { GENSIM } from './network-templates.ts';
import { type PredictTemplate, withScript } from './predict-template.ts';

// A pickle by dill refers to some of Python's own objects by names that only dill resolves.
const BY_DILL = ['with open(FILE, "rb") as file:', '    saved = dill.load(file)'] as const;

const PICKLE: PredictTemplate = {
  imports: ['import joblib', 'import numpy as np', 'import pandas as pd'],
  load: [
    ...LOAD,
    '# Of several things in a dict or a list, the model is the one that predicts.',
    'parts = saved.values() if isinstance(saved, dict) else saved if isinstance(saved, (list, tuple)) else [saved]',
    'names = ("predict", "transform")',
    'self.answer = next(getattr(part, name) for name in names for part in parts if hasattr(part, name))',
    'model = self.answer.__self__',
    'self.columns = getattr(model, "feature_names_in_", None)',
    'begins = type(model.steps[0][1] if hasattr(model, "steps") else model).__name__',
    'self.takes_objects = begins in ("DictVectorizer", "FeatureHasher")',
  ],
  answer: [
    '# Objects are rows of a table with named columns, or all of it by column; texts go in as they are.',
    'if self.takes_objects:',
    '    rows = [rows] if isinstance(rows, dict) else rows',
    'elif isinstance(rows, dict):',
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

/** How to load a pickle with these needs. */
export function templateForPickle({ roots, sklearn, ofScript }: PickledNeeds): PredictTemplate {
  if (roots.includes('gensim')) return GENSIM;
  const library = Object.keys(LIBRARIES).find((root) => roots.includes(root));
  const template = (library && LIBRARIES[library]) || PICKLE;
  const named = roots.flatMap((root) => PACKAGES[root] ?? []);
  const exact = template.requirements.map((each) =>
    each === 'scikit-learn' && sklearn !== null ? `${each}==${sklearn}` : each,
  );
  const needed = { ...template, requirements: [...new Set([...exact, ...named])] };
  const whole = roots.includes('dill') ? loadedByDill(needed) : needed;
  return ofScript.length > 0 ? withScript(whole, ofScript) : whole;
}

function loadedByDill(template: PredictTemplate): PredictTemplate {
  return {
    ...template,
    imports: template.imports
      .map((line) => (line === 'import joblib' ? 'import dill' : line))
      .sort(),
    load: template.load.flatMap((line) => (line === LOAD[1] ? BY_DILL : [line])),
    requirements: template.requirements.filter((name) => name !== 'joblib'),
  };
}
