import { liveLines, type Running, withLog } from '../../../src/cli/views/live-lines.ts';

const ROOM = { columns: 77, rows: 40 };
const NOW_MS = 100_000;

const building = (name: string, over: Partial<NonNullable<Running['build']>>): Running => ({
  name,
  state: 'Building',
  sinceMs: 88_000,
  build: { deploymentId: 'd', place: null, stage: null, leftMs: null, lines: [], ...over },
});

it('a deployment that runs has a line with how long, what it does, and how long it still takes', () => {
  const running = [
    building('churn v3', { stage: 'installing 14 of 31 packages' }),
    building('iris v1', { place: 2 }),
    building('fraud v12', { stage: 'loading the model', leftMs: 8_600 }),
    building('late v1', { stage: 'loading the model', leftMs: 0 }),
    building('fresh v1', {}),
    { ...building('m v1', {}), build: null },
    { ...building('gone v1', { stage: 'loading', leftMs: 9 }), state: 'Provisioning' as const },
    { ...building('old v1', {}), build: null, state: 'Waiting' as const, sinceMs: 0 },
  ];

  expect(liveLines(running, NOW_MS, ROOM)).toEqual([
    'churn v3     12 s  installing 14 of 31 packages',
    'iris v1      12 s  queued 2nd',
    'fraud v12    12 s  loading the model, 9 s left',
    'late v1      12 s  loading the model',
    'fresh v1     12 s  building',
    'm v1         12 s  building',
    'gone v1      12 s  starting its server',
    'old v1     1m 40s  waiting for its turn',
  ]);
});

it.each([
  [1, 'queued 1st'],
  [3, 'queued 3rd'],
  [4, 'queued 4th'],
  [11, 'queued 11th'],
  [22, 'queued 22nd'],
  [112, 'queued 112th'],
])('the place %d reads %j', (place, words) => {
  expect(liveLines([building('m v1', { place })], NOW_MS, ROOM)[0]).toContain(words);
});

it.each([80, 60, 20])(
  'twenty deployments fit into %d columns, whatever they are called',
  (columns) => {
    const stage = 'converting, 256 golden rows';
    const names = Array.from({ length: 20 }, (_, index) => `${'n'.repeat(index * 2)} v1`);

    const lines = liveLines(
      names.map((name) => building(name, { stage, leftMs: 61_000 })),
      NOW_MS,
      { columns, rows: 40 },
    );

    expect(lines).toHaveLength(20);
    expect(lines.filter((line) => line.length > columns)).toEqual([]);
  },
);

it('how long it still takes gives way to what happens', () => {
  const line = building('a-model-of-some-name v1', { stage: 'loading the model', leftMs: 61_000 });

  expect(liveLines([line], NOW_MS, { ...ROOM, columns: 50 })).toEqual([
    'a-model-…-name v1    12 s  loading the model',
  ]);
});

it('those that have no row are counted', () => {
  const running = Array.from({ length: 30 }, (_, index) => building(`m${index} v1`, {}));

  const lines = liveLines(running, NOW_MS, { columns: 77, rows: 24 });

  expect(lines).toHaveLength(23);
  expect(lines.at(-1)).toBe('and 8 more');
});

describe('the lines of one deployment', () => {
  const lines = ['Collecting numpy', `\u001b[2J${'x'.repeat(90)}`, 'three'];

  it('have below what it does the last of its build’s log, cut, and without what a terminal acts on', () => {
    expect(withLog(building('m v1', { stage: 'image BUILD', lines }), NOW_MS, ROOM)).toEqual([
      'm v1    12 s  image BUILD',
      '  Collecting numpy',
      `  ${'x'.repeat(74)}…`,
      '  three',
    ]);
  });

  it('are no more than there is room for, and only its own when it is not building', () => {
    const running = building('m v1', { lines });

    expect(withLog(running, NOW_MS, { ...ROOM, rows: 4 })).toHaveLength(2);
    expect(withLog({ ...running, state: 'Ready' }, NOW_MS, ROOM)).toHaveLength(1);
  });
});
