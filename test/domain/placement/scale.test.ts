import type { Scaling } from '#domain/manifest/scaling.ts';
import { firstReplicas, replicasFor, scaleAt } from '#domain/placement/scale.ts';

type Schedule = Scaling['schedules'][number];

const plain = { min: 2, requestsPerMinute: 600, schedules: [] };
const ALL: Schedule['days'] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

function schedule(at: string, over: Partial<Schedule>): Schedule {
  return { days: ALL, at, timeZone: 'UTC', min: 1, ...over };
}

const weekdays = [
  schedule('08:00', { days: ['mon', 'tue', 'wed', 'thu', 'fri'], min: 4, max: 8 }),
  schedule('20:00', { min: 1, max: 2 }),
];
const berlin = [
  schedule('09:00', { timeZone: 'Europe/Berlin', min: 3 }),
  schedule('18:00', { timeZone: 'Europe/Berlin', min: 1 }),
];
// The clocks of Berlin skip 02:00 to 03:00 on 2026-03-29, and show it twice on 2026-10-25.
const night = [
  schedule('02:30', { timeZone: 'Europe/Berlin', min: 5 }),
  schedule('12:00', { timeZone: 'Europe/Berlin', min: 1 }),
];

describe('the limits of a revision’s replicas', () => {
  it.each([
    { name: 'are the plain ones without schedules', scaling: plain, limits: { min: 2, max: 2 } },
    { name: 'have the manifest’s most', scaling: { ...plain, max: 5 }, limits: { min: 2, max: 5 } },
    {
      name: 'keep the manifest’s most where a schedule has none',
      scaling: { ...plain, max: 5, schedules: [schedule('00:00', { min: 1 })] },
      limits: { min: 1, max: 5 },
    },
    {
      name: 'are never turned around',
      scaling: { ...plain, max: 5, schedules: [schedule('00:00', { min: 9 })] },
      limits: { min: 9, max: 9 },
    },
    {
      name: 'are those of the later in the list when two begin together',
      scaling: {
        ...plain,
        schedules: [schedule('00:00', { min: 3 }), schedule('00:00', { min: 4 })],
      },
      limits: { min: 4, max: 4 },
    },
  ])('$name', ({ scaling, limits }) => {
    expect(scaleAt(scaling, Date.parse('2026-11-25T12:00:00Z'))).toEqual(limits);
  });

  it.each([
    { at: '2026-11-25T07:59:59Z', schedules: weekdays, min: 1, why: 'the evening before holds' },
    { at: '2026-11-25T08:00:00Z', schedules: weekdays, min: 4, why: 'it begins on the minute' },
    { at: '2026-11-25T20:00:00Z', schedules: weekdays, min: 1, why: 'the evening begins' },
    { at: '2026-11-29T12:00:00Z', schedules: weekdays, min: 1, why: 'no weekday began on Sunday' },
    { at: '2026-11-25T07:59:00Z', schedules: berlin, min: 1, why: 'winter time is UTC+1' },
    { at: '2026-11-25T08:00:00Z', schedules: berlin, min: 3, why: 'winter time is UTC+1' },
    { at: '2026-07-01T07:00:00Z', schedules: berlin, min: 3, why: 'summer time is UTC+2' },
    { at: '2026-07-01T06:59:00Z', schedules: berlin, min: 1, why: 'summer time is UTC+2' },
    { at: '2026-03-29T01:29:00Z', schedules: night, min: 1, why: 'a skipped time comes later' },
    { at: '2026-03-29T01:30:00Z', schedules: night, min: 5, why: 'a skipped time comes later' },
    { at: '2026-10-25T00:29:00Z', schedules: night, min: 1, why: 'it begins the first time' },
    { at: '2026-10-25T00:30:00Z', schedules: night, min: 5, why: 'it begins the first time' },
    { at: '2026-10-25T01:10:00Z', schedules: night, min: 5, why: 'it goes on the second time' },
    { at: '2026-03-29T09:59:00Z', schedules: night, min: 5, why: 'noon is after the change' },
    { at: '2026-03-29T10:00:00Z', schedules: night, min: 1, why: 'noon is after the change' },
    { at: '2026-10-25T10:59:00Z', schedules: night, min: 5, why: 'noon is after the change' },
    { at: '2026-10-25T11:00:00Z', schedules: night, min: 1, why: 'noon is after the change' },
  ])('at $at: $why', ({ at, schedules, min }) => {
    expect(scaleAt({ ...plain, schedules }, Date.parse(at)).min).toBe(min);
  });

  it('hold from a day of the week to the same day a week later', () => {
    const schedules = [schedule('12:00', { days: ['wed'], min: 7 })];

    for (const at of ['2026-11-25T11:59:00Z', '2026-11-25T12:00:00Z', '2026-12-01T00:00:00Z']) {
      expect(scaleAt({ ...plain, schedules }, Date.parse(at)).min).toBe(7);
    }
  });
});

describe('the replicas for a load', () => {
  const limits = { min: 2, max: 6 };
  const minute = (requests: number) => Array.from({ length: 6 }, () => requests / 6);

  it.each([
    { name: 'are the fewest while nobody calls', slices: [], replicas: 2 },
    { name: 'are enough for the requests of a minute', slices: minute(1800), replicas: 3 },
    {
      name: 'are one more for one request more',
      slices: [...minute(1800).slice(1), 301],
      replicas: 4,
    },
    {
      name: 'are no more for a minute after another',
      slices: [...minute(1800), ...minute(1800)],
      replicas: 3,
    },
    { name: 'are the most at the most', slices: minute(60_000), replicas: 6 },
    { name: 'come before the minute is over', slices: [2400], replicas: 4 },
    {
      name: 'stay for five quiet minutes',
      slices: [...minute(2400), ...Array<number>(24).fill(0)],
      replicas: 4,
    },
    {
      name: 'go then',
      slices: [...minute(2400), ...Array<number>(30).fill(0)],
      replicas: 2,
    },
  ])('$name', ({ slices, replicas }) => {
    expect(replicasFor({ first: 2, slices }, 600, limits)).toBe(replicas);
  });

  it.each([
    { name: 'stay as many as it began with', slices: [0], replicas: 5 },
    { name: 'are more where it needs more', slices: [3_600], replicas: 6 },
    { name: 'stay for five minutes', slices: Array<number>(29).fill(0), replicas: 5 },
    { name: 'go then', slices: Array<number>(30).fill(0), replicas: 2 },
  ])('$name, of a candidate', ({ slices, replicas }) => {
    expect(replicasFor({ first: 5, slices }, 600, limits)).toBe(replicas);
  });

  it('are never more than its limits come to say, of a candidate', () => {
    expect(replicasFor({ first: 5, slices: [0] }, 600, { min: 1, max: 3 })).toBe(3);
  });
});

describe('the replicas that a candidate begins with', () => {
  it.each([
    { name: 'are the fewest where nothing is live', live: [], first: 2 },
    { name: 'are as many as live ones', live: [4], first: 4 },
    { name: 'are as many as the larger of two live revisions has', live: [3, 5], first: 5 },
    { name: 'are not fewer than the fewest', live: [1], first: 2 },
    { name: 'are not more than the most', live: [9], first: 6 },
  ])('$name', ({ live, first }) => {
    expect(firstReplicas(live, { min: 2, max: 6 })).toBe(first);
  });
});
