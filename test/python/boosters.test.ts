import { readFileSync } from 'node:fs';
import {
  brokenBooster,
  type Dropped,
  fixtureOf,
  NATIVE,
  pushed,
  throughGateway,
  wrongAnswers,
} from '../support/models/dropped.ts';
import { describeOnOneMachine, itAnswersAsItsFramework } from './right-answers.ts';

/** A version of each framework and the next one; each has once differed in how it reads tables, or in its answers. */
const CASES: readonly Dropped[] = [
  {
    what: 'XGBoost',
    folder: 'xgboost',
    versions: ['multiclass-3.2.ubj', 'words-3.2.json', 'words-3.2.ubj', 'words-3.4.json'],
  },
  { what: 'a training that stopped early', folder: 'xgboost', versions: ['stopped-3.4.json'] },
  NATIVE,
  { what: 'a model of seconds since 1970', folder: 'lightgbm', versions: ['seconds-4.6.txt'] },
  {
    what: 'CatBoost',
    folder: 'catboost',
    versions: ['binary-1.2.3.cbm', 'categorical-1.2.10.cbm'],
  },
  {
    what: 'a model of counts, one of several labels, and one of categories that are no texts,',
    folder: 'catboost',
    versions: ['counts-1.2.10.cbm', 'labels-1.2.10.cbm', 'kinds-1.2.10.cbm'],
  },
  {
    what: 'a model of texts that CatBoost cuts',
    folder: 'catboost',
    versions: ['notes-1.2.10.cbm'],
  },
  {
    what: 'the same, pickled,',
    folder: 'sklearn',
    versions: ['catboost-notes-1.2.10.pkl'],
  },
];

describeOnOneMachine('a booster, dropped, as it is, on one machine', (slipway) => {
  itAnswersAsItsFramework(CASES, slipway);

  it('a boolean category of CatBoost is the one that it was trained on, however it is written', async () => {
    await pushed(slipway(), fixtureOf('catboost', 'kinds-1.2.10.cbm'), 'booleans');
    const ask = async (type: string, body: string) => {
      const url = `${slipway().gateway}/models/booleans/invocations`;
      const answer = await fetch(url, { method: 'POST', headers: { 'content-type': type }, body });
      return JSON.stringify(await answer.json());
    };
    const rows = (wide: unknown) => JSON.stringify({ inputs: [[5.1, '0', wide]] });

    const asked = await Promise.all([
      ask('application/json', rows(true)),
      ask('application/json', rows('True')),
      ask('text/csv', 'length,petals,is_wide\n5.1,0,true\n'),
      ask('text/csv', 'length,petals,is_wide\n5.1,0,True\n'),
      ask('application/json', rows('1')),
    ]);
    const other = await ask('application/json', rows('no category'));

    const label = (text: string) => text.match(/\d\.\d+/g)?.join();
    expect(new Set(asked.map(label)).size).toBe(1);
    expect(label(asked[0] ?? '')).not.toBe(label(other));
  });

  it('categories that XGBoost has cut short are refused, with what to do', async () => {
    const { path } = fixtureOf('xgboost', 'words-3.2.json');
    const [latin, utf8] = [',39,75,121', ',39,-61,-95'];
    slipway().drop('models/cut/m.json', readFileSync(path, 'utf8').replace(latin, utf8));
    const end = await slipway().ending('cut', 1);

    expect(end.detail).toMatchObject({
      state: 'Failed',
      reason: expect.stringMatching(/"site" are cut short.*train it by XGBoost 3\.4/s),
    });
  });

  it('a version that its framework cannot load is given up, and the one before answers on', async () => {
    const good = fixtureOf('xgboost', 'binary-3.4.ubj');
    await pushed(slipway(), good, 'broken');

    slipway().drop('models/broken/broken.json', brokenBooster());
    const end = await slipway().ending('broken', 2);

    expect(end.detail).toMatchObject({
      state: 'Failed',
      reason: expect.stringMatching(/^XGBoostError: .*binary:none/),
    });
    expect(await wrongAnswers(throughGateway(slipway(), 'broken'), good)).toEqual([]);
  });
});
