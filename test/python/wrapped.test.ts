import { fileURLToPath } from 'node:url';
import { type Dropped, fixtureOf, pushed, throughGateway } from '../support/models/dropped.ts';
import { describeOnOneMachine, itAnswersAsItsFramework } from './right-answers.ts';

/** Models of one framework in the class, the file or the folder of another. */
const CASES: readonly Dropped[] = [
  {
    what: 'a class of LightGBM, of XGBoost, or of histogram trees, which knows categories of pandas,',
    folder: 'sklearn',
    versions: [
      'lgbm-categories-4.6.pkl',
      'xgb-categories-3.2.pkl',
      'xgb-categories-3.4.pkl',
      'hist-categories-1.8.pkl',
    ],
  },
  {
    what: 'such a class that skops saved',
    folder: 'skops',
    versions: ['lgbm-categories-4.6.skops', 'xgb-categories-3.4.skops'],
  },
  {
    what: 'an MLflow folder',
    folder: 'mlflow',
    versions: ['sklearn-3.17', 'xgboost-3.17', 'lightgbm-class-tensor-3.17'],
  },
  // A handler takes another request than a model without one, so it cannot be that model's next version.
  { what: 'a SageMaker archive', folder: 'sagemaker', versions: ['sklearn-bare.tar.gz'] },
  {
    what: 'a SageMaker archive with a handler',
    folder: 'sagemaker',
    versions: ['sklearn-code.tar.gz'],
  },
  { what: 'plain Python', folder: 'python', versions: ['function.zip', 'class'] },
];

describeOnOneMachine('a wrapped model, dropped, as it is, on one machine', (slipway) => {
  itAnswersAsItsFramework(CASES, slipway);

  it('a function of MLflow is given a list by its type hints, and the parameters that its signature declares', async () => {
    await pushed(slipway(), fixtureOf('mlflow', 'pyfunc-typed-3.17'), 'shouted');
    await pushed(slipway(), fixtureOf('mlflow', 'pyfunc-3.17'), 'petals');
    const ask = (model: string, body: unknown) =>
      throughGateway(slipway(), model)('invocations', body);
    const petals = { instances: [[5.1, 3.5, 2.4, 0.2]] };

    const answers = [
      await ask('shouted', { inputs: ['nail'] }),
      await ask('shouted', 'nail'),
      await ask('petals', petals),
      await ask('petals', { ...petals, params: { margin: 1 } }),
    ];
    const refused = await ask('petals', { ...petals, params: { margin: 'wide' } });

    expect(answers.map(({ body }) => body)).toEqual([
      { predictions: ['NAIL'] },
      { predictions: ['NAIL'] },
      { predictions: [true] },
      { predictions: [false] },
    ]);
    expect(refused).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining("Failed to validate type and shape for 'margin'") },
    });
  });

  it('a function of MLflow gets a table of the columns that there are, with times, bytes and booleans as MLflow takes them, and texts that are missing', async () => {
    await pushed(slipway(), fixtureOf('mlflow', 'pyfunc-seen-3.17'), 'seen');
    const ask = (body: unknown) => throughGateway(slipway(), 'seen')('invocations', body);
    const row = { weight: 0.5, pieces: 3, made: '2026-05-04T03:02:01' };
    const seen = 'weight float 0.5, pieces int 3, made Timestamp 2026-05-04 03:02:01';

    const answers = [
      await ask({ dataframe_records: [row, { ...row, note: 'x' }] }),
      await ask({ dataframe_split: { columns: Object.keys(row), data: [Object.values(row)] } }),
      await ask({ instances: [row], params: { unknown: 1 } }),
      await ask([{ ...row, seal: 'aGVsbG8=' }]),
      await ask({ inputs: { weight: [null], pieces: [3], made: [row.made] } }),
      await ask({ instances: [1, 0, null, 'true'].map((gift) => ({ ...row, gift })) }),
      await ask({ dataframe_records: [{ ...row, made: Date.parse(`${row.made}Z`) * 1_000_000 }] }),
    ];
    const refused = [
      await ask({ dataframe_records: [{ weight: 0.5, made: row.made }] }),
      await ask({ dataframe_records: [{ ...row, made: 'soon' }] }),
    ];

    expect(answers.map(({ body }) => body)).toEqual([
      { predictions: [`${seen}, note NoneType None`, `${seen}, note str x`] },
      { predictions: [seen] },
      { predictions: [seen] },
      { predictions: [`${seen}, seal bytes b'hello'`] },
      { predictions: [seen.replace('0.5', 'nan')] },
      {
        predictions: ['True', 'False', 'False', 'True'].map((gift) => `${seen}, gift bool ${gift}`),
      },
      { predictions: [seen] },
    ]);
    expect(refused).toMatchObject([
      {
        status: 400,
        body: {
          error:
            'dataframe_records has "weight", "made"; it takes "weight", "pieces", "made", "seal", "note", "gift"',
        },
      },
      { status: 400, body: { error: expect.stringContaining('Failed to convert column made') } },
    ]);
  });

  it('an agent of MLflow answers what it is told as its own server does, and records nothing', async () => {
    await pushed(slipway(), fixtureOf('mlflow', 'pyfunc-agent-3.17'), 'agent');
    const ask = (body: unknown) => throughGateway(slipway(), 'agent')('invocations', body);
    const told = { input: [{ role: 'user', content: 'Hello' }] };
    const said = { output: [{ content: [{ text: '1 messages' }] }] };

    const answers = [await ask(told), await ask({ inputs: told })];

    expect(answers).toMatchObject([
      { status: 200, body: said },
      { status: 200, body: { predictions: said } },
    ]);
    expect(Object.keys(Object(answers[0]?.body))).not.toContain('predictions');
  });

  // A pickle: test/e2e/first-hour.
  it.each([
    ['a skops file', 'own-class-skops'],
    ['an MLflow folder, in its code,', 'own-class-mlflow'],
  ])('%s with a class of its own, of a module beside it, is loaded with that', async (_, name) => {
    const folder = fileURLToPath(new URL(`../fixtures/${name}/`, import.meta.url));

    const { out } = await slipway().command('push', folder, '--name', name, '--json');
    const answer = await throughGateway(slipway(), name)('invocations', {
      inputs: [[5.1, 3.5, 1.4, 0.2]],
    });

    expect(out).toContain('"state":"Live"');
    expect(answer).toMatchObject({ status: 200, body: { predictions: { label: [0] } } });
  });

  it('a booster of XGBoost refuses what it has not learned, and columns of other names', async () => {
    await pushed(slipway(), fixtureOf('sklearn', 'xgb-categories-3.4.pkl'), 'learned');
    const usual = { sepal_length: 5.1, sepal_width: 3, petals: 2, hue: 'blue', site: 'Arles' };
    const answerTo = (change: object) =>
      throughGateway(slipway(), 'learned')('invocations', {
        dataframe_records: [{ ...usual, ...change }],
      });

    const answers = [
      await answerTo({ hue: 'pink' }),
      await answerTo({ petals: 9 }),
      await answerTo({ hue: undefined, colour: 'blue' }),
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
