import { PACKAGES } from '#formats/pickle/library-packages.ts';
import type { PickledNeeds } from '#formats/sklearn/inspect.ts';
import { type PredictTemplate, templateOf, withScript } from './predict-template.ts';

/** The libraries whose interface differs from scikit-learn's, by the modules that their pickles name. */
export const LIBRARIES = [
  'hdbscan',
  'sklearn_crfsuite',
  'river',
  'lifelines',
  'prophet',
  'pyod',
  'pmdarima',
  'sktime',
  'tslearn',
  'darts',
  'surprise',
  'implicit',
  'econml',
  'skorch',
  // The last entry: pmdarima, sktime and others are built on it, and their pickles name it too.
  'statsmodels',
] as const;

/** How to load a pickle with these needs. */
export async function templateForPickle({
  roots,
  sklearn,
  ofScript,
}: PickledNeeds): Promise<PredictTemplate> {
  // The large arrays of gensim's pickles lie in files beside them.
  if (roots.includes('gensim')) return templateOf('pickles/gensim');
  const library = LIBRARIES.find((root) => roots.includes(root));
  const template = await templateOf(`pickles/${library ?? 'sklearn'}`);
  const named = roots.flatMap((root) => PACKAGES[root] ?? []);
  const exact = template.requirements.map((each) =>
    each === 'scikit-learn' && sklearn !== null ? `${each}==${sklearn}` : each,
  );
  const needed = { ...template, requirements: [...new Set([...exact, ...named])] };
  const whole = roots.includes('dill') ? loadedByDill(needed) : needed;
  return ofScript.length > 0 ? withScript(whole, ofScript) : whole;
}

/** A pickle by dill refers to some of Python's own objects by names that only dill resolves. */
function loadedByDill({ code, requirements }: PredictTemplate): PredictTemplate {
  return {
    code: code
      .replace('import joblib\n', '')
      .replace('\n\n', '\n\nimport dill\n')
      .replace(
        '        saved = joblib.load(FILE)\n',
        '        with open(FILE, "rb") as file:\n            saved = dill.load(file)\n',
      ),
    requirements: requirements.filter((name) => name !== 'joblib'),
  };
}
