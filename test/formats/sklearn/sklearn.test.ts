import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspectSklearn } from '#formats/sklearn/inspect.ts';
import { fileSource } from '../../support/bytes/sources.ts';
import { type ModelFixture, modelFixtures } from '../../support/models/fixtures.ts';
import { pickleRefusal } from '../../support/models/pickles.ts';
import { expectedOf, servedSignature } from '../../support/models/saved.ts';

const LEAST_HARMLESS = 30;

// Lists and dicts of estimators: harmless, but with no predict method to call.
const PARTS = /(Dict|Tuple)OfParts/;
// Takes one number, and says so nowhere.
const ALONE = /\/IsotonicRegression-/;
// Fitted on an array of texts, which has no names.
const UNNAMED = /\/OrdinalEncoder-/;
// Estimators that cannot predict new rows, or take no table.
const UNASKED = /\/(AgglomerativeClustering|DBSCAN|DictVectorizer|LabelEncoder)-/;

/** The facts about an estimator that the makers in test/fixtures/models/make write; some write only a part. */
type Said = {
  readonly entrypoint?: string;
  readonly framework?: { readonly name: string; readonly version: string | null };
  readonly formatVersion?: string;
  readonly features?: number;
  readonly columns?: readonly string[];
  readonly takesColumns?: boolean;
  readonly classes?: readonly unknown[];
  readonly steps?: readonly string[];
  readonly arrays?: { readonly elements: number; readonly bytes: number };
};

const said = ({ facts }: ModelFixture) => facts as Said;
const corpus = modelFixtures('corpus');
const models = [
  ...modelFixtures('sklearn'),
  ...corpus.filter(({ name }) => !PARTS.test(name) && !UNASKED.test(name)),
];

const sklearnModel = (name: string) => models.find((model) => model.name === `sklearn/${name}`)!;

const pathOf = (fixture: string) => join(import.meta.dirname, '../../fixtures', fixture);

const inspected = async ({ path, name }: ModelFixture) =>
  inspectSklearn(await fileSource(path), name, []);

describe('a fitted estimator', () => {
  it.each(models)('$name is told by its bytes', async (fixture) => {
    const facts = await inspected(fixture);

    expect(facts).toMatchObject({
      format: 'sklearn',
      entrypoint: said(fixture).entrypoint,
      framework: { name: said(fixture).framework?.name ?? 'scikit-learn' },
    });
  });

  it.each(models.filter((model) => said(model).framework?.name === 'scikit-learn'))(
    '$name says which version made it, how many features it takes and which classes it knows',
    async (fixture) => {
      const facts = said(fixture);

      const found = await inspected(fixture);

      expect(found.framework).toEqual(facts.framework);
      expect(found.formatVersion.replace('pickle 5', 'pickle 4')).toBe(
        facts.formatVersion?.replace('pickle 5', 'pickle 4'),
      );
      expect(found.features).toBe(facts.features ?? (ALONE.test(fixture.name) ? 1 : null));
      const unnamed = UNNAMED.test(fixture.name) ? ['x0', 'x1'] : null;
      expect(found.columns).toEqual(facts.columns ?? unnamed);
      expect(found.takesColumns).toBe(facts.takesColumns ?? unnamed !== null);
      if (Array.isArray(facts.classes)) {
        expect(found.classes).toBe(facts.classes.length);
        const [, probabilities] = found.signature?.outputs ?? [];
        if (probabilities) expect(probabilities.classes).toEqual(facts.classes.map(String));
      }
      if (Array.isArray(facts.steps)) expect(found.steps).toEqual(facts.steps);
    },
  );

  it.each([
    ['forest-1.8.joblib', { low: 4.5375, high: 7.0125 }],
    ['forest-1.8-xz.joblib', { low: 4.5375, high: 7.0125 }],
    ['forest-1.8.pkl', { low: 4.5375, high: 7.0125 }],
    ['hist-gradient-boosting-1.8.joblib', { low: 4.55, high: 6.95 }],
    ['imputed-pipeline-1.8.pkl', { mean: 5.84333, deviation: 0.825301, hasMissing: true }],
    ['columns-pipeline-1.8.joblib', { mean: 5.84333, deviation: 0.825301, hasMissing: true }],
    ['lgbm-classifier-4.6.pkl', { low: 4.3, high: 7.9 }],
  ])('%s says where the first column lay when it was trained', async (name, first) => {
    const found = await inspected(sklearnModel(name));

    expect(found.ranges).toHaveLength(found.features ?? 0);
    expect(found.ranges?.[0]).toEqual(first);
  });

  it.each([
    ['forest-1.8.pkl', []],
    ['hist-gradient-boosting-1.8.pkl', []],
    ['scaler-pipeline-1.8.pkl', []],
    ['missing-forest-1.8.pkl', [0, 1, 2, 3]],
    ['missing-hist-1.8.pkl', [2]],
    ['missing-texts-1.8.pkl', [2]],
    ['imputed-texts-1.8.pkl', [2, 3]],
    ['columns-pipeline-1.3.joblib', [0, 1, 2, 3]],
  ])('%s says in which columns values were missing, or are filled: %j', async (name, columns) => {
    const { ranges = [] } = await inspected(sklearnModel(name));

    expect(ranges.flatMap((range, at) => (range?.hasMissing ? [at] : []))).toEqual(columns);
  });

  it('an encoder says which values a column had', async () => {
    const found = await inspected(sklearnModel('columns-pipeline-1.8.joblib'));

    expect(found.ranges?.slice(-2)).toEqual([
      { values: ['blue', 'purple', 'violet', 'white'] },
      { values: ['Arles', 'Gaspé', 'Kyōto'] },
    ]);
  });

  it('an estimator without a scaler or thresholds says nothing of where its columns lay', async () => {
    const found = await inspected(sklearnModel('logistic-1.8.joblib'));

    expect(found).not.toHaveProperty('ranges');
  });

  // joblib writes an array that two objects hold twice.
  const plain = models.filter((model) => said(model).arrays && !model.name.includes('.joblib'));

  it.each(plain)('$name counts the numbers in its arrays as numpy does', async (fixture) => {
    const { parameters, weightBytes } = await inspected(fixture);

    expect({ elements: parameters, bytes: weightBytes }).toEqual({
      elements: said(fixture).arrays?.elements,
      bytes: said(fixture).arrays?.bytes,
    });
  });

  it.each([
    ['sklearn/xgb-classifier-2.1.pkl', 'xgboost', '2.1.4'],
    ['sklearn/xgb-classifier-3.2.pkl', 'xgboost', '3.2.0'],
    ['sklearn/catboost-classifier-1.2.10.pkl', 'catboost', '1.2.10'],
    ['sklearn/lgbm-classifier-4.6.pkl', 'lightgbm', null],
  ])('%s names the library and the version of the model in it', async (name, library, version) => {
    const fixture = models.find((model) => model.name === name)!;

    expect((await inspected(fixture)).framework).toEqual({ name: library, version });
  });

  it('takes named columns, of which some are texts, when its pipeline was fitted on a table', async () => {
    const fixture = models.find(({ name }) => name === 'sklearn/columns-pipeline-1.8.joblib')!;

    const { signature, requirements } = await inspected(fixture);

    const datatypes = Object.fromEntries(
      signature!.inputs.map(({ name, datatype }) => [name, datatype]),
    );
    expect(datatypes).toMatchObject({ sepal_length: 'FP64', hue: 'BYTES', site: 'BYTES' });
    expect(signature!.outputs).toEqual([
      { name: 'label', datatype: 'BOOL', shape: [-1] },
      { name: 'probabilities', datatype: 'FP64', shape: [-1, 2], classes: ['false', 'true'] },
    ]);
    expect(requirements).toEqual(['numpy>=2']);
  });

  it('needs what reads lz4, and the tables in which its steps answer each other', async () => {
    const source = await fileSource(pathOf('first-hour/output-tables.joblib'));

    const { requirements } = await inspectSklearn(source, 'output-tables.joblib', []);

    expect(requirements).toEqual(['numpy>=2', 'lz4', 'polars']);
  });

  it.each([
    ['1.16', 'scipy<1.17'],
    ['1.17', 'scipy>=1.17,<1.18'],
    ['1.18', 'scipy>=1.18'],
  ])(
    'with splines of scipy %s needs %s, which keeps them in its own way',
    async (version, needs) => {
      const source = await fileSource(pathOf(`pickles/splines/scipy-${version}.pkl`));

      const { requirements } = await inspectSklearn(source, 'splines.pkl', []);

      expect(requirements).toEqual(['numpy>=2', needs]);
    },
  );

  // Only the loaded model knows the inputs of CatBoost.
  const asked = modelFixtures('sklearn').filter(
    ({ name, requests }) =>
      requests.some(({ protocol }) => protocol === 'infer') && !name.includes('catboost'),
  );

  it.each(asked)('$name takes numbers and texts as its requests bring them', async (fixture) => {
    const { signature } = await inspected(fixture);

    const [folder = '', file = ''] = fixture.name.split('/');
    expect(signature?.inputs).toEqual(servedSignature(expectedOf(folder, file))?.inputs);
  });
});

describe('harmless pickles', () => {
  it('are of more than thirty kinds', () => {
    expect(new Set(corpus.map(({ name }) => name.replace(/-.*/, ''))).size).toBeGreaterThan(
      LEAST_HARMLESS,
    );
  });

  it.each(corpus.filter(({ name }) => PARTS.test(name)))(
    '$name is no estimator, which is all that is said against it',
    async ({ path }) => {
      const { message } = await pickleRefusal(await readFile(path));

      expect(message).toMatch(/holds a (dict|tuple), not one fitted estimator$/);
    },
  );

  it.each(corpus.filter(({ name }) => UNASKED.test(name)))(
    '$name can be asked nothing, which is all that is said against it',
    async ({ path }) => {
      const { message, fix } = await pickleRefusal(await readFile(path));

      expect(message).toMatch(
        /which (answers for the rows|encodes the labels|takes dicts or lists)/,
      );
      // No code makes a clustering answer for a new row.
      expect(fix).toContain(
        message.includes('answers for the rows')
          ? 'Fit a classifier on its labels'
          : '--write-predict',
      );
    },
  );
});

it.each(['binary', 'exponential', 'histogram'])(
  'boosted trees of two classes, with the loss of scikit-learn 1.8 called %s, are read',
  async (loss) => {
    const path = join(
      import.meta.dirname,
      `../../fixtures/pickles/harmless/two-classes-${loss}.pkl`,
    );

    const facts = await inspectSklearn(await fileSource(path), 'model.pkl', []);

    expect(facts).toMatchObject({ framework: { version: '1.8.0' }, features: 3, classes: 2 });
  },
);
