import {
  brokenBooster,
  fixtureOf,
  pushed,
  throughGateway,
  wrongAnswers,
} from '../support/dropped-models.ts';
import { startSlipway, temporaryFolder } from '../support/running-slipway.ts';
import { itAnswersAsItsFramework } from './right-answers.ts';

/** A version of each format and the next one, as their owners upload them. */
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
  itAnswersAsItsFramework(CASES);

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
