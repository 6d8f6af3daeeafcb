import { fixtureOf, pushed, throughGateway } from '../support/dropped-models.ts';
import { startSlipway, temporaryFolder } from '../support/running-slipway.ts';
import { itAnswersAsItsFramework } from './right-answers.ts';

/** What a framework's own way with a table, or with its answers, has told apart once. */
const CASES = [
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
    versions: ['lgbm-categories-4.6.pkl', 'xgb-categories-3.4.pkl', 'hist-categories-1.8.pkl'],
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
];

describe('on one machine', () => {
  itAnswersAsItsFramework(CASES);

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
});
