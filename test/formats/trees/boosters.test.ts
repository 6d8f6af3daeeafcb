import { inspectCatboost } from '#formats/catboost/inspect.ts';
import { inspectLightgbm } from '#formats/lightgbm/inspect.ts';
import { inspectXgboost } from '#formats/xgboost/inspect.ts';
import { bytesSource } from '../../support/bytes/sources.ts';
import {
  bytesOf,
  expectedOf,
  modelsOf,
  servedSignature,
  sourceOf,
} from '../../support/models/saved.ts';

const FORMATS = {
  xgboost: inspectXgboost,
  lightgbm: inspectLightgbm,
  catboost: inspectCatboost,
} as const;

describe.each(Object.entries(FORMATS))('of a model saved by %s', (format, inspect) => {
  const served = modelsOf(format).filter((name) => !expectedOf(format, name).facts['refused']);

  it.each(served)('%s says what its framework says', async (name) => {
    const expected = expectedOf(format, name);
    const { nodes, ...facts } = expected.facts;

    const found = await inspect(sourceOf(format, name), name);

    const told = found.framework?.version === null ? { name: format, version: null } : undefined;
    expect(found).toMatchObject({ ...facts, ...(told && { framework: told }) });
    if (nodes && found.format !== 'catboost') expect(found.parameters).toBe(nodes);
    expect(found.signature).toEqual(servedSignature(expected));
    expect(found.weightBytes).toBeGreaterThan(0);
  });

  it.each(served)('%s is refused when it is cut short', async (name) => {
    const whole = bytesOf(format, name);
    const third = bytesSource(whole.subarray(0, whole.length / 3));

    const outcome = await inspect(third, name).catch((error: unknown) => error);

    expect(outcome).toMatchObject({
      name: 'ArtifactRejected',
      fix: expect.stringContaining('whole file'),
    });
  });

  it.each(['', 'x', '{', '{"learner', 'tree\n', 'CBM1', 'binf'])(
    'a file of %j is refused',
    async (content) => {
      const outcome = await inspect(bytesSource(Buffer.from(content)), 'model').catch(
        (error: unknown) => error,
      );

      expect(outcome).toMatchObject({ name: 'ArtifactRejected' });
    },
  );
});

describe('what its framework reads as another table is refused:', () => {
  it.each([
    ['json', '\\u0000'],
    ['ubj', '\0_width'],
  ])('a NUL in the name of a column, at which XGBoost ends it, in .%s', async (format, nul) => {
    const name = `categorical-3.4.${format}`;
    const written = bytesOf('xgboost', name).toString('latin1');
    const changed = written.replaceAll(format === 'json' ? 'sepal_width' : 'l_width', nul);

    const inspected = inspectXgboost(bytesSource(Buffer.from(changed, 'latin1')), name);

    await expect(inspected).rejects.toThrow('with a NUL in it');
  });

  it('an embedding of CatBoost behind the last column', async () => {
    const bytes = Buffer.from(bytesOf('catboost', 'kinds-1.2.10.cbm'));
    // The length of their list.
    bytes.writeInt32LE(1, 8160);

    await expect(inspectCatboost(bytesSource(bytes), 'm.cbm')).rejects.toThrow('an embedding');
  });
});

describe('of categories of pandas', () => {
  const NAME = 'pandas-categorical-4.6.txt';

  const inspected = (change: (text: string) => string) =>
    inspectLightgbm(
      bytesSource(Buffer.from(change(bytesOf('lightgbm', NAME).toString('utf8')))),
      NAME,
    );

  it('a column that no tree asks about is one of words all the same', async () => {
    const { signature } = await inspected((text) => text.replace(/ -1:0[:\d]*\n/, ' none\n'));

    expect(signature?.inputs.at(-1)).toMatchObject({ name: 'hue', datatype: 'BYTES' });
  });

  it('a model that does not say which columns have them is refused', async () => {
    const outcome = inspected((text) =>
      text.replace('[categorical_feature: 2]', '[categorical_feature: 1,2]'),
    );

    await expect(outcome).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: `${NAME} has 1 columns of categories, and 2 that are categorical: it does not say which is which`,
    });
  });
});
