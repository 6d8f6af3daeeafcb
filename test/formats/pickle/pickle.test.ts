import { pickleGlobals } from '#formats/pickle/globals.ts';
import { inspectPickle, pickleOf, pickleRefusal, scan } from '../../support/models/pickles.ts';

const OS_SYSTEM = pickleOf('cos\nsystem\n(Vtouch canary\ntR.');
const SVC = 'csklearn.svm._classes\nSVC\n)\x81';

describe('what a model of scikit-learn keeps beside what it has learned is known', () => {
  it.each([
    ['what splits the rows of a search', 'sklearn.model_selection._split', 'TimeSeriesSplit'],
    ['what splits them by groups', 'sklearn.model_selection._split', 'StratifiedGroupKFold'],
    ['what features are chosen by', 'sklearn.feature_selection._univariate_selection', 'chi2'],
    ['another one', 'sklearn.feature_selection._mutual_info', 'mutual_info_classif'],
    ['a function of numbers', 'numpy', 'clip'],
    ['a function of numpy 2.0', 'numpy._core._multiarray_umath', 'log1p'],
    ['a function of scipy', 'scipy.special._ufuncs', 'expit'],
    ['what splines of scipy 1.17 hold', 'scipy._lib.array_api_compat.numpy._aliases', 'asarray'],
    [
      'the remainder of scikit-learn 1.5',
      'sklearn.compose._column_transformer',
      '_RemainderColsList',
    ],
    ['what tunes a threshold', 'sklearn.metrics._scorer', '_CurveScorer'],
    ['what stops XGBoost early', 'xgboost.callback', 'EarlyStopping'],
    ["CatBoost's ranker", 'catboost.core', 'CatBoostRanker'],
    ['what chooses the columns of numbers', 'numpy', 'number'],
    ['what stands for a missing text of pandas', 'pandas', 'NA'],
    [
      'how far places on the earth are apart',
      'sklearn.metrics._dist_metrics',
      'HaversineDistance64',
    ],
    ['how many values differ', 'sklearn.metrics._dist_metrics', 'HammingDistance64'],
    ['how scikit-learn 1.0 called it', 'sklearn.neighbors._dist_metrics', 'CanberraDistance'],
  ])('%s', (_, module, name) => {
    const globals = pickleGlobals('m.joblib', []);

    globals.find(module, name, 0);

    expect(() => globals.refuseUnknown()).not.toThrow();
  });
});

describe('what a pickle loads is told by name', () => {
  it('with the byte, and that it is never allowed when it can run any code', async () => {
    const { message, fix } = await pickleRefusal(OS_SYSTEM, ['os.system']);

    expect(message).toBe(
      'model.pkl: its pickle loads `os.system` at byte 0, which is not among what models of known frameworks do',
    );
    expect(fix).toContain('never allowed');
  });

  it('with the line for the manifest when it is a class that nobody knows here', async () => {
    const { message, fix } = await pickleRefusal(
      pickleOf(0x80, 4, 'cshop.features\nScaler\n)\x81.'),
    );

    expect(message).toContain('loads `shop.features.Scaler` at byte 2');
    expect(fix).toContain('`model: { allowPickle: [shop.features.Scaler] }`');
  });

  it.each([
    ['', 'cimblearn.pipeline\nPipeline\n)\x81.', 'imblearn', 'imbalanced-learn'],
    [
      'that names what it caches by',
      'cjoblib.memory\nMemory\n0chdbscan.hdbscan_\nHDBSCAN\n)\x81.',
      'hdbscan',
      'hdbscan',
    ],
    [
      'whose state no manifest can allow',
      'clifelines.fitters\nCoxPHFitter\n)\x81}(V__doc__\nVx\nub.',
      'lifelines',
      'lifelines',
    ],
    [
      'beside what it is built on',
      'cstatsmodels.tsa\nA\n0cpmdarima.arima\nARIMA\n)\x81.',
      'pmdarima',
      'pmdarima',
    ],
    [
      'with a table',
      'cpandas\nDataFrame\n0cprophet.forecaster\nProphet\n)\x81.',
      'prophet',
      'prophet',
    ],
  ])(
    'with the draft that serves a model of a well-known library %s',
    async (_, names, library, packages) => {
      const { fix } = await pickleRefusal(pickleOf(0x80, 4, names));

      expect(fix).toContain(`It is a model of \`${library}\`, which is served by code`);
      expect(fix).toContain('run `slipway inspect FOLDER --write-predict`');
      expect(fix).toContain(`a requirements.txt with ${packages}, and upload that folder.`);
    },
  );

  it.each([
    ['cuml.ensemble\nRandomForestClassifier', 'joblib.dump(model.as_sklearn(), "model.joblib")'],
    ['autogluon.tabular.predictor\nTabularPredictor', 'on the folder that its `path` names'],
    ['tpot.tpot_estimator\nTPOTClassifier', 'plain(model.fitted_pipeline_), "model.joblib")'],
  ])('with the way of its own for %j', async (names, says) => {
    const { fix } = await pickleRefusal(pickleOf(0x80, 4, `c${names}\n)\x81.`));

    expect(fix).toContain(says);
  });

  it('with the way out when it was defined in a notebook', async () => {
    const { fix } = await pickleRefusal(pickleOf(0x80, 4, 'c__main__\nScaler\n)\x81.'));

    expect(fix).toContain('defined in a notebook');
  });

  it('all of them, the worst first', async () => {
    const bytes = pickleOf(0x80, 4, 'cshop\nA\n)\x81', 'cshop\nB\n)\x81', 'cos\nsystem\n', '.');

    const { message } = await pickleRefusal(bytes);

    expect(message).toContain('loads `os.system` at byte');
    expect(message).toContain('(and `shop.A`, `shop.B`)');
  });

  it('all that a manifest may allow in one line for it, beside those that it allows already', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `shop.Part${index}`);
    const parts = names.map((name) => `c${name.replace('.', '\n')}\n)\x81`);

    const { message, fix } = await pickleRefusal(pickleOf(0x80, 4, ...parts, '.'), ['shop.Part0']);

    expect(message).toContain('loads `shop.Part1` at byte');
    expect(message).toContain('`shop.Part6`, 5 more)');
    expect(fix).toContain(`\`model: { allowPickle: [${names.join(', ')}] }\``);
    await expect(inspectPickle(pickleOf(0x80, 4, ...parts, '.'), names)).rejects.toThrow(
      'is not an estimator',
    );
  });

  it('not before what no manifest can allow, which a name allowed first would only lead to', async () => {
    const bytes = pickleOf(0x80, 4, 'cstats.model\nResults\n)\x81}(V__doc__\nVx\nub.');

    const { message, fix } = await pickleRefusal(bytes);

    expect(message).toContain('sets the attribute __doc__ at byte');
    expect(fix).toContain('it holds objects of `stats`, so put it in a folder with a predict.py');
    expect(fix).toMatch(/^No model\.yaml can allow that: .* predict\.py that loads it .*\.$/);
  });

  it.each([
    ['what no manifest can allow', 'cstats.model\nResults\n)\x81}(V__doc__\nVx\nub.'],
    ['what can run any code', 'cbuiltins\ngetattr\n.'],
  ])('with the model that a search has found, where the search holds %s', async (_, held) => {
    const search = 'csklearn.model_selection._search\nRandomizedSearchCV\n)\x810';

    const { fix } = await pickleRefusal(pickleOf(0x80, 4, search, held));

    expect(fix).toContain('save what the search has found, its `best_estimator_`, with joblib');
  });

  it('even when it is broken behind the name', async () => {
    const { message } = await pickleRefusal(OS_SYSTEM.subarray(0, 20));

    expect(message).toContain('loads `os.system`');
  });

  it('when a class that models refer to is called', async () => {
    const bytes = pickleOf(0x80, 4, 'csklearn.metrics._classification\naccuracy_score\n(tR.');

    const { message } = await pickleRefusal(bytes);

    expect(message).toContain('calls `sklearn.metrics._classification.accuracy_score` at byte');
  });

  it('and when it claims a version that is a line of requirements and more', async () => {
    const claim = '1.8.0\n--extra-index-url https://evil.example';
    const text = `\x8c${String.fromCharCode(claim.length)}${claim}`;
    const bytes = pickleOf(0x80, 4, `${SVC}}(V_sklearn_version\n${text}ub.`);

    const { message } = await pickleRefusal(bytes);

    expect(message).toContain('sets an invalid scikit-learn version');
  });

  it('and passes when the manifest allows it by name', async () => {
    const step = `${SVC}}(Vkernel_\ncshop\nkernel\nV_sklearn_version\nV1.8.0\nub.`;

    const facts = await inspectPickle(pickleOf(0x80, 4, step), ['shop.kernel']);

    expect(facts).toMatchObject({
      entrypoint: 'sklearn.svm._classes.SVC',
      framework: { version: '1.8.0' },
    });
    await expect(inspectPickle(pickleOf(0x80, 4, step))).rejects.toThrow('`shop.kernel`');
  });

  it.each([
    'shop.*',
    '*',
    'shop',
    'shop.',
    'shop.a b',
    'os.system',
    'builtins.getattr',
    'numpy.load',
  ])('but not by %s', async (allowed) => {
    const [module = '', name = ''] = allowed.includes(' ') ? ['shop', 'a b'] : allowed.split('.');
    const written = pickleOf(0x80, 4, `c${module}\n${name || 'x'}\n)\x81.`);

    await expect(inspectPickle(written, [allowed])).rejects.toThrow('its pickle loads');
  });
});

describe('a pickle is refused', () => {
  it.each<[string, Uint8Array, string]>([
    ['it is empty', pickleOf(), 'model.pkl is empty'],
    [
      'it ends too early',
      pickleOf(0x80, 4, 'N'),
      'model.pkl is truncated: it ends at byte 3, within its pickle',
    ],
    [
      'a text in it ends too early',
      pickleOf(0x80, 4, 0x8c, 9, 'abc'),
      'model.pkl is truncated: it ends at byte 7, within its pickle',
    ],
    [
      'it goes on',
      pickleOf(0x80, 4, 'N.', 0x80, 4, 'N.'),
      'model.pkl continues at byte 4, after the end of its pickle',
    ],
    [
      'it has an unknown opcode',
      pickleOf(0x80, 4, 0xff),
      'model.pkl is damaged: its pickle has the unknown opcode 0xff at byte 2',
    ],
    [
      'it is of a protocol to come',
      pickleOf(0x80, 6, 'N.'),
      'model.pkl is damaged: its pickle has the unknown protocol 6 at byte 0',
    ],
    [
      'it pops from an empty stack',
      pickleOf(0x80, 4, '0.'),
      'model.pkl is damaged: its pickle pops from an empty stack at byte 2',
    ],
    [
      'it takes from below a mark',
      pickleOf(0x80, 4, 'N(R.'),
      'model.pkl is damaged: its pickle pops from an empty stack at byte 4',
    ],
    [
      'it stops within a mark',
      pickleOf(0x80, 4, 'N(.'),
      'model.pkl is damaged: its pickle stops within a mark at byte 4',
    ],
    [
      'it recalls what is not there',
      pickleOf(0x80, 4, 'h', 7, '.'),
      'model.pkl is damaged: its pickle reads memo entry 7, which does not exist at byte 2',
    ],
    [
      'it has a buffer outside',
      pickleOf(0x80, 5, 0x97, '.'),
      'takes a buffer from outside the file at byte 2',
    ],
    [
      'it uses the extension registry',
      pickleOf(0x80, 4, 0x82, 1, '.'),
      'uses the extension registry at byte 2',
    ],
    [
      'it has a persistent id',
      pickleOf(0x80, 4, 'P1\n.'),
      'refers to an object outside the file at byte 2',
    ],
    [
      'it has a persistent id on the stack',
      pickleOf(0x80, 4, 'NQ.'),
      'refers to an object outside the file at byte 3',
    ],
    [
      'it is a zip archive',
      pickleOf('PK\x03\x04', new Uint8Array(40)),
      'model.pkl is a zip archive, not a pickle',
    ],
    [
      'it holds a dict',
      pickleOf(0x80, 4, '}.'),
      'model.pkl holds a dict, not one fitted estimator',
    ],
    [
      'it holds a number',
      pickleOf(0x80, 4, 'K', 1, '.'),
      'model.pkl holds a plain value, not one fitted estimator',
    ],
  ])('when %s', async (_, bytes, message) => {
    expect((await pickleRefusal(bytes)).message).toContain(message);
  });

  it('when it holds more pickles in one another than models do', async () => {
    let inner = pickleOf(0x80, 4, 'cos\nsystem\n.');
    for (let depth = 0; depth < 3; depth += 1) {
      inner = pickleOf(
        0x80,
        4,
        'B',
        Buffer.from(new Uint32Array([inner.length]).buffer),
        inner,
        '.',
      );
    }

    expect((await pickleRefusal(inner)).message).toContain('loads `os.system`');
  });

  it.each<[string, () => Uint8Array, string]>([
    ['opcodes', () => Buffer.alloc(10_000_100, 'N0'), '10000000 opcodes'],
    ['objects on its stack', () => Buffer.alloc(600_000, 'N'), '250000 objects on its stack'],
    ['marks', () => Buffer.alloc(600_000, '('), '250000 objects on its stack'],
    [
      'objects in its memo',
      () => pickleOf(0x80, 4, 'Nr', new Uint8Array([0, 0, 0, 0x7f]), '.'),
      '500000 objects in its memo',
    ],
    ['dicts', () => Buffer.alloc(600_000, '}0'), '300000 objects to inspect'],
    [
      'tuples in a tuple',
      () => pickleOf(0x80, 4, ')', ...Array.from({ length: 60 }, () => '2\x86'), '.'),
      '100000 objects in one tuple',
    ],
  ])('when it has too many %s', async (_, bytes, limit) => {
    expect((await pickleRefusal(bytes())).message).toContain(`model.pkl has more than ${limit}`);
  });
});

it('follows the memo as Python does', async () => {
  const bytes = pickleOf(
    0x80,
    4,
    'Vcollections\nq',
    0,
    '0Vos\nq',
    0,
    '0h',
    0,
    'Vsystem\n',
    0x93,
    '.',
  );

  await expect(scan(bytes)).rejects.toThrow('`os.system`');
});

it('knows no class that was not written down, whatever it resembles', async () => {
  const globals = pickleGlobals('model.pkl', []);

  globals.find('sklearn.svm._classes', 'SVC', 0);
  expect(() => globals.refuseUnknown()).not.toThrow();

  globals.find('sklearn.svm', '_classes.SVC', 0);
  expect(() => globals.refuseUnknown()).toThrow('`sklearn.svm._classes.SVC`');
});
