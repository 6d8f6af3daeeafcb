import { statusLines } from '../../src/cli/status.ts';

const LIVE = { version: 1, revision: 'digits-v1', state: 'Live', target: 'lambda' };
const model = {
  name: 'digits',
  endpoint: 'http://here/models/digits',
  live: LIVE,
  versions: [LIVE],
  ...{ newest: { id: 'd1', version: 1, phase: 'Live', trouble: null }, repairs: null },
  unproven: null,
  build: null,
};

describe('the status of a model', () => {
  it('is a line with what is live, where', () => {
    expect(statusLines([model])).toEqual(['digits  v1 live on lambda  http://here/models/digits']);
  });

  it('says what is being built, and the last lines of the log of that', () => {
    const newest = { id: 'd2', version: 2, phase: 'Building', trouble: null };
    const lines = ['one', ...['two', 'three', 'four', 'five', 'six'], ''];
    const build = {
      of: 'image',
      status: 'IN_PROGRESS',
      phase: 'BUILD',
      phases: [],
      lines,
    } as const;

    expect(statusLines([{ ...model, newest, build }])).toEqual([
      'digits  v1 live on lambda  http://here/models/digits  (newest: v2 Building)  (image BUILD)',
      ...['two', 'three', 'four', 'five', 'six'].map((line) => `    ${line}`),
    ]);
  });

  it('says how often it was repaired in vain, and when it will be again', () => {
    const repairs = { inARow: 3, notBeforeMs: Date.UTC(2026, 0, 2, 3, 4) };

    expect(statusLines([{ ...model, repairs }])).toEqual([
      'digits  v1 live on lambda  http://here/models/digits  (repaired 3 times in a row, and not again before 2026-01-02T03:04:00.000Z)',
    ]);
  });

  it('says loudly that what is live has answered nothing', () => {
    const unproven = 'started, unproven: nothing was asked; give an example in model.yaml';

    expect(statusLines([{ ...model, unproven }])).toEqual([
      `digits  v1 live on lambda  http://here/models/digits  (${unproven})`,
    ]);
  });

  it('says that the newest version is retired after a rollback', () => {
    const newest = { id: 'd2', version: 2, phase: 'Live', trouble: null };
    const versions = [{ ...LIVE, version: 2, revision: 'digits-v2', state: 'Retired' }, LIVE];

    expect(statusLines([{ ...model, newest, versions }])).toEqual([
      'digits  v1 live on lambda  http://here/models/digits  (newest: v2 Retired)',
    ]);
  });

  it('says how the newest deployment stands where that is not the live one', () => {
    const trouble = { name: 'BakeBreached', reason: 'it broke\nhere', fix: '' };
    const newest = { id: 'd2', version: 2, phase: 'RolledBack', trouble };

    expect(statusLines([{ ...model, newest }])).toEqual([
      'digits  v1 live on lambda  http://here/models/digits  (newest: v2 RolledBack, it broke)',
    ]);
  });
});
