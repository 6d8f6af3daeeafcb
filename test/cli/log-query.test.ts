import { followedQuery, lastOf, linesOf, sinceIn, tailIn } from '../../src/cli/log-query.ts';

const NOW_MS = Date.parse('2026-01-02T03:04:05Z');

describe('since when a log is asked for', () => {
  it.each([
    ['90s', '2026-01-02T03:02:35.000Z'],
    ['10m', '2026-01-02T02:54:05.000Z'],
    ['1.5h', '2026-01-02T01:34:05.000Z'],
    ['2d', '2025-12-31T03:04:05.000Z'],
    ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.000Z'],
  ])('is %s', (text, time) => {
    expect(new Date(sinceIn(text, NOW_MS)).toISOString()).toBe(time);
  });

  it.each(['', '10', '10 parsecs', 'yesterday', '-5m'])('is not %j', (text) => {
    expect(() => sinceIn(text, NOW_MS)).toThrow('Give how long ago (90s, 10m, 2h, 1d)');
  });
});

describe('how many lines of a log are asked for', () => {
  it('is a whole number', () => {
    expect(tailIn('20')).toBe(20);
  });

  it.each(['0', '-1', '1.5', '1e3', 'all', '10001'])('is not %s', (text) => {
    expect(() => tailIn(text)).toThrow('Give a whole number from 1 to 10,000.');
  });
});

describe('a log that is followed', () => {
  it('is asked for enough lines that none is missed, and begins with the last ones', () => {
    expect(followedQuery({ tail: 5 })).toEqual({ tail: 200 });
    expect(followedQuery({ tail: 500 })).toEqual({ tail: 500 });
    const since = '2026-01-02T03:04:05.000Z';
    expect(followedQuery({ tail: 5, since })).toEqual({ since });
    expect(lastOf({ revision: 'iris-v1', lines: ['a', 'b', 'c'] }, 2).lines).toEqual(['b', 'c']);
  });
});

it('a log without lines says so: none yet, or none since the time that was asked for', () => {
  const silent = { revision: 'iris-v1', lines: [] };

  expect(linesOf('iris', silent, {})).toEqual(['nothing of iris has written a line yet']);
  expect(linesOf('iris', silent, { since: '2026-01-02T03:04:05Z' })).toEqual([
    'nothing of iris has written a line since then',
  ]);
  expect(linesOf('iris', { ...silent, lines: ['a'] }, {})).toEqual(['a']);
});
