/**
 * The modules that pickles of well-known libraries name, each with the name of its package in the package index, and with the packages that it imports
 * without requiring them. An unknown module's name may be another project's package, so no other package is ever named.
 */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  catboost: ['catboost'],
  category_encoders: ['category-encoders'],
  cloudpickle: ['cloudpickle'],
  darts: ['darts'],
  dask_ml: ['dask-ml'],
  dill: ['dill'],
  econml: ['econml'],
  feature_engine: ['feature-engine'],
  flaml: ['flaml[automl]'],
  gplearn: ['gplearn'],
  hdbscan: ['hdbscan'],
  hmmlearn: ['hmmlearn'],
  imblearn: ['imbalanced-learn'],
  imodels: ['imodels', 'six'],
  implicit: ['implicit'],
  interpret: ['interpret-core'],
  lifelines: ['lifelines'],
  lightgbm: ['lightgbm'],
  mapie: ['mapie'],
  mlxtend: ['mlxtend'],
  ngboost: ['ngboost'],
  // Its tables keep their texts with pyarrow, where that was installed.
  pandas: ['pyarrow'],
  pmdarima: ['pmdarima'],
  prophet: ['prophet'],
  pycaret: ['pycaret', 'six'],
  pygam: ['pygam'],
  pyod: ['pyod'],
  quantile_forest: ['quantile-forest'],
  river: ['river'],
  sklearn_crfsuite: ['sklearn-crfsuite'],
  sklego: ['scikit-lego'],
  skopt: ['scikit-optimize'],
  skorch: ['skorch', 'torch'],
  skrub: ['skrub'],
  sksurv: ['scikit-survival'],
  sktime: ['sktime'],
  statsmodels: ['statsmodels'],
  surprise: ['scikit-surprise'],
  tslearn: ['tslearn'],
  umap: ['umap-learn'],
  xgboost: ['xgboost'],
};

// Models of any library may contain these: they do not show the library of a model.
const TOOLS: ReadonlySet<string> = new Set([
  'pandas',
  'cloudpickle',
  'dill',
  'xgboost',
  'lightgbm',
  'catboost',
]);
// Others are built on these, and their models contain some of them.
const BASES: ReadonlySet<string> = new Set(['statsmodels', 'umap', 'hdbscan']);

/** The well-known library of a pickle that names these modules; undefined where it names none. */
export function libraryAmong(roots: readonly string[]): string | undefined {
  const known = roots.filter((root) => !TOOLS.has(root) && (root in PACKAGES || root in ADVICE));
  return known.find((root) => !BASES.has(root)) ?? known[0];
}

/** The way to serve a model of this library, as a sentence. */
export function adviceForLibrary(library: string): string {
  const packages = (PACKAGES[library] ?? []).join(', ');
  return (
    ADVICE[library] ??
    `It is a model of \`${library}\`, which is served by code: put the file in a folder of its own, run \`slipway inspect FOLDER --write-predict\`, which writes a predict.py that calls it and a requirements.txt with ${packages}, and upload that folder.`
  );
}

const ADVICE: Readonly<Record<string, string>> = {
  autogluon:
    'A predictor of AutoGluon is a folder, and this file only points to it: run `slipway inspect FOLDER --write-predict` on the folder that its `path` names, and upload that folder.',
  tpot: [
    'TPOT cannot be installed from wheels, which is all that a build installs: it needs `stopit`, which has none. What it found is a pipeline of scikit-learn, but for steps that pass on all or nothing. Save it where it was made, without these (`model` is the TPOTClassifier or TPOTRegressor), and upload that file:',
    '  import joblib',
    '',
    '  def plain(step):',
    '      own = {"Passthrough": "passthrough", "SkipTransformer": "drop"}',
    '      for part in ("steps", "transformer_list"):',
    '          if hasattr(step, part):',
    '              setattr(step, part, [(name, plain(each)) for name, each in getattr(step, part)])',
    '      return own.get(type(step).__name__, step)',
    '',
    '  joblib.dump(plain(model.fitted_pipeline_), "model.joblib")',
  ].join('\n'),
  cuml: 'cuML computes on GPUs of NVIDIA alone. Convert the model where it was made, `joblib.dump(model.as_sklearn(), "model.joblib")`, and upload that file, which needs no GPU.',
};
