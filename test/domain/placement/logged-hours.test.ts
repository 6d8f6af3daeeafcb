import { loggedHours, lookAtLog, withoutProbes } from '#domain/placement/logged-hours.ts';

const HOUR = 3_600_000;
const AT = Date.UTC(2026, 9, 10, 13, 55, 36);
const atHour = AT - (AT % HOUR);

const entry = (time: string, more: object = { model: 'digits' }) =>
  JSON.stringify({ time, ...more });
const iso = (ms: number) => new Date(ms).toISOString();

it('counts the requests of a model by the hour, from the log of one machine', () => {
  const lines = [
    entry(iso(AT)),
    entry(iso(AT + 1000)),
    entry(iso(AT + 60_000)),
    entry(iso(AT + 2 * HOUR)),
  ];

  expect(loggedHours(lines, 'digits')).toEqual({
    sinceMs: AT,
    nowMs: AT + 2 * HOUR,
    hours: [
      { atMs: atHour, requests: 3, busiestMinute: 2 },
      { atMs: atHour + 2 * HOUR, requests: 1, busiestMinute: 1 },
    ],
  });
});

it("reads the access log of an account's API, by its times and paths", () => {
  const lines = [
    entry('10/Oct/2026:13:55:36 +0000', { path: '/dev/models/digits/invocations' }),
    entry('10/Oct/2026:15:55:40 +0200', { path: '/dev/models/digits/invocations' }),
    entry('10/Oct/2026:13:56:00 +0000', { path: '/dev/models/digits2/invocations' }),
  ];

  expect(loggedHours(lines, 'digits')?.hours).toEqual([
    { atMs: atHour, requests: 2, busiestMinute: 2 },
  ]);
});

it('leaves out probes, other models and lines that are no entries, but covers their time', () => {
  const lines = [
    '',
    'no json',
    '{"dropped":3}',
    entry(iso(AT - 5 * HOUR), { model: 'iris' }),
    entry(iso(AT), { model: 'digits', probe: true }),
    entry(iso(AT)),
  ];

  expect(loggedHours(lines, 'digits')).toMatchObject({
    sinceMs: AT - 5 * HOUR,
    hours: [{ requests: 1 }],
  });
});

it('leaves out the probes of containers by their path, whatever path of a model they end with', () => {
  const lines = [
    '/_probe/models/digits/invocations',
    '/dev/_probe/models/digits/ping',
    '/dev/_probe/candidate/digits-v2/v2/models/digits/infer',
    '/dev/models/digits/invocations',
  ].map((path) => entry(iso(AT), { path }));

  expect(loggedHours(lines, 'digits')?.hours).toMatchObject([{ requests: 1 }]);
});

it('subtracts probes in their minute first, then in the next and the one before, and never more than were counted', () => {
  const minute = 60_000;
  const requests = new Map([
    [0, 4],
    [minute, 10],
    [2 * minute, 3],
    [9 * minute, 2],
  ]);
  const probes = new Map([
    [minute, 12],
    [9 * minute, 5],
    [20 * minute, 1],
  ]);

  expect([...withoutProbes(requests, probes)]).toEqual([
    [0, 4],
    [minute, 0],
    [2 * minute, 1],
    [9 * minute, 0],
  ]);
  expect([...withoutProbes(requests, new Map([[minute, 14]]))]).toEqual([
    [0, 3],
    [minute, 0],
    [2 * minute, 0],
    [9 * minute, 2],
  ]);
});

it('covers an hour at least', () => {
  expect(loggedHours([entry(iso(AT))], 'digits')).toMatchObject({ sinceMs: AT, nowMs: AT + HOUR });
});

it('is nothing where the model was never called', () => {
  expect(loggedHours([entry(iso(AT))], 'iris')).toBeUndefined();
});

it('says what a text has that should be a log: entries, their models, and other lines', () => {
  const lines = ['', 'no json', '[1]', '{"model":"digits"}', '{"dropped":3}', entry(iso(AT))];
  const account = entry(iso(AT), { path: '/dev/models/iris/ping' });

  expect(lookAtLog([...lines, account])).toEqual({
    entries: 2,
    others: 3,
    models: ['digits', 'iris'],
  });
  expect(lookAtLog(['']).entries).toBe(0);
});
