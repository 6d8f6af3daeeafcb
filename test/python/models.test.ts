import {
  brokenBooster,
  fixtureOf,
  pushed,
  servedAsOnnx,
  throughGateway,
  wrongAnswers,
} from '../support/dropped-models.ts';
import { startSlipway, temporaryFolder } from '../support/running-slipway.ts';

/** A version of each format and the next one, as their owners upload them; `asOnnx`: whether it is converted. */
const CASES = [
  {
    what: 'a scikit-learn pipeline of numbers and texts',
    folder: 'sklearn',
    versions: ['columns-pipeline-1.8.joblib', 'columns-pipeline-1.8.pkl'],
    asOnnx: [true, true],
  },
  {
    what: 'a forest of scikit-learn',
    folder: 'sklearn',
    versions: ['forest-1.3-zlib.joblib', 'tied-forest-1.8.pkl'],
    asOnnx: [true, true],
  },
  { what: 'XGBoost', folder: 'xgboost', versions: ['multiclass-3.2.ubj', 'words-3.4.json'] },
  { what: 'LightGBM', folder: 'lightgbm', versions: ['binary-3.3.txt', 'categorical-4.6.txt'] },
  {
    what: 'CatBoost',
    folder: 'catboost',
    versions: ['binary-1.2.3.cbm', 'categorical-1.2.10.cbm'],
  },
  {
    what: 'a model that knows what is missing, and one that takes what it knows alone,',
    folder: 'sklearn',
    versions: ['missing-forest-1.8.pkl', 'coded-pipeline-1.8.pkl'],
    asOnnx: [true, true],
  },
  {
    what: 'a model that chooses the columns of a table by their places',
    folder: 'sklearn',
    versions: ['sliced-pipeline-1.8.pkl', 'masked-pipeline-1.8.pkl'],
    asOnnx: [true, true],
  },
  {
    what: 'a model of texts, of texts in a table, behind an imputer, and several together,',
    folder: 'sklearn',
    versions: [
      'texts-pipeline-1.8.pkl',
      'cutting-pipeline-1.8.pkl',
      'imputed-pipeline-1.8.pkl',
      'voting-pipelines-1.8.pkl',
    ],
  },
  {
    what: 'a class of LightGBM, of XGBoost, or of histogram trees, which knows categories of pandas,',
    folder: 'sklearn',
    versions: [...['lgbm-categories-4.6.pkl', 'xgb-categories-3.4.pkl', 'hist-categories-1.8.pkl']],
  },
  {
    what: 'such a class that skops saved',
    folder: 'skops',
    versions: ['lgbm-categories-4.6.skops', 'xgb-categories-3.4.skops'],
  },
  {
    what: 'a model of several labels',
    folder: 'sklearn',
    versions: ['several-labels-1.8.pkl'],
  },
  { what: 'a training that stopped early', folder: 'xgboost', versions: ['stopped-3.4.json'] },
  {
    what: 'a model of seconds since 1970',
    folder: 'lightgbm',
    versions: ['seconds-4.6.txt'],
  },
  {
    what: 'a model of counts, one of several labels, and one of categories that are no texts,',
    folder: 'catboost',
    versions: ['counts-1.2.10.cbm', 'labels-1.2.10.cbm', 'kinds-1.2.10.cbm'],
  },
  {
    what: 'an MLflow folder',
    folder: 'mlflow',
    versions: ['sklearn-3.17', 'xgboost-3.17', 'lightgbm-class-tensor-3.17'],
  },
  {
    what: 'a SageMaker archive',
    folder: 'sagemaker',
    versions: ['sklearn-bare.tar.gz', 'sklearn-code.tar.gz'],
  },
  { what: 'plain Python', folder: 'python', versions: ['function.zip', 'class'] },
] as const;

describe('dropped, as it is, on one machine', () => {
  it.each(CASES)(
    '$what answers as its framework does, and so does the next version',
    async (given) => {
      await using folder = await temporaryFolder();
      await using slipway = await startSlipway(folder.path);

      for (const name of given.versions) {
        const fixture = fixtureOf(given.folder, name);

        expect(await pushed(slipway, fixture)).toMatchObject({ state: 'Live' });
        expect(await wrongAnswers(throughGateway(slipway), fixture)).toEqual([]);
      }
      if ('asOnnx' in given) expect(await servedAsOnnx(slipway)).toEqual(given.asOnnx);
    },
  );

  it('what its framework refuses is refused by the conversion too', async () => {
    await using folder = await temporaryFolder();
    await using slipway = await startSlipway(folder.path);
    await pushed(slipway, fixtureOf('sklearn', 'logistic-1.8.pkl'));
    const rows = { dataframe_split: { data: [[null, 1, 2, 3]] } };

    const answer = await throughGateway(slipway)('invocations', rows);

    expect(answer).toEqual({
      status: 400,
      body: { error: expect.stringMatching('a number is missing, or is not finite, in input') },
    });
  });

  it('a probability is between 0 and 1, though a conversion adds up in single precision', async () => {
    await using folder = await temporaryFolder();
    await using slipway = await startSlipway(folder.path);
    await pushed(slipway, fixtureOf('sklearn', 'tied-forest-1.8.pkl'));
    // Its trees add up to -1.2e-7 and 1.0000001 here.
    const data = [7.5, 3, 8, 3, 8.5, 3];
    const input = { name: 'input', datatype: 'FP64', shape: [3, 2], data };

    const { body } = await throughGateway(slipway)('v2/models/m/infer', { inputs: [input] });

    const explained = await slipway.get('/models/m/explain?version=1');
    expect(explained).toMatchObject({ runtime: { name: 'onnx' } });
    const { outputs } = body as { outputs: readonly { name: string; data: readonly number[] }[] };
    const probabilities = outputs.find(({ name }) => name === 'probabilities')?.data ?? [];
    expect(probabilities).toHaveLength(6);
    expect(probabilities.filter((each) => each < 0 || each > 1)).toEqual([]);
  });

  it('a booster of XGBoost refuses what it has not learned, and columns of other names', async () => {
    await using folder = await temporaryFolder();
    await using slipway = await startSlipway(folder.path);
    await pushed(slipway, fixtureOf('sklearn', 'xgb-categories-3.4.pkl'));
    const usual = { sepal_length: 5.1, sepal_width: 3, petals: 2, hue: 'blue', site: 'Arles' };
    const answerTo = (change: object) =>
      throughGateway(slipway)('invocations', { dataframe_records: [{ ...usual, ...change }] });

    const answers = [
      await answerTo({ hue: 'pink' }),
      await answerTo({ petals: 9 }),
      await answerTo({ colour: 'blue' }),
    ];

    const refused = (says: string) => ({
      status: 400,
      body: { error: expect.stringContaining(says) },
    });
    expect(answers).toEqual([
      refused('input "hue" has "pink" at 0; the model knows "blue", "purple"'),
      refused('input "petals" has 9 at 0; the model knows 0, 1, 2'),
      refused('it takes "sepal_length", "sepal_width", "hue", "site", "petals"'),
    ]);
  });

  it('a version that its framework cannot load is given up, and the one before answers on', async () => {
    await using folder = await temporaryFolder();
    await using slipway = await startSlipway(folder.path);
    const good = fixtureOf('xgboost', 'binary-3.4.ubj');
    await pushed(slipway, good);

    slipway.drop('models/m/broken.json', brokenBooster());
    const end = await slipway.ending('m', 2);

    expect(end.detail).toMatchObject({ state: 'Failed', reason: expect.stringMatching(/build/i) });
    expect(await wrongAnswers(throughGateway(slipway), good)).toEqual([]);
  });
});
