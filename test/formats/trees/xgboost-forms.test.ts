import { readdirSync } from 'node:fs';
import { inspectXgboost } from '#formats/xgboost/inspect.ts';
import { bytesSource } from '../../support/bytes/sources.ts';
import { bytesOf, sourceOf } from '../../support/models/saved.ts';

const FOLDER = new URL('../../fixtures/models/xgboost/', import.meta.url);
const names = readdirSync(FOLDER);
const both = names
  .filter((name) => name.endsWith('.json') && names.includes(name.replace(/\.json$/, '.ubj')))
  .map((name) => name.slice(0, -'.json'.length));

const factsOf = async (name: string) => {
  const { weights, ranges } = await inspectXgboost(sourceOf('xgboost', name), name);
  return { weights, ranges };
};

it.each(both)('%s has the same print and ranges in JSON and in UBJSON', async (name) => {
  const facts = await factsOf(`${name}.json`);

  expect(facts).toEqual(await factsOf(`${name}.ubj`));
  // Weights that are no trees have no print.
  expect(facts.weights !== undefined).toBe(!name.startsWith('linear'));
});

it('another threshold has another print', async () => {
  const text = bytesOf('xgboost', 'binary-3.4.json').toString();
  const moved = text.replace(/(?<="split_conditions":\[)[^,\]]+/, '12.5');

  const facts = await inspectXgboost(bytesSource(Buffer.from(moved)), 'model.json');

  expect(moved).not.toBe(text);
  expect(facts.weights).not.toEqual((await factsOf('binary-3.4.json')).weights);
});

it.each(['"1"', 'null', '[1]', 'x'])('a threshold of %s is refused', async (odd) => {
  const text = bytesOf('xgboost', 'binary-3.4.json').toString();
  const broken = text.replace(/(?<="split_conditions":\[)[^,\]]+/, odd);

  const reading = inspectXgboost(bytesSource(Buffer.from(broken)), 'model.json');

  await expect(reading).rejects.toMatchObject({
    name: 'ArtifactRejected',
    message: expect.stringMatching(/is not readable JSON: a (number|value) is missing/),
  });
});
