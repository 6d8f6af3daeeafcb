import type { Scaling } from '#domain/manifest-scaling.ts';
import { scaleAt } from '#domain/scale-now.ts';

const PLAIN: Scaling = { min: 2, requestsPerMinute: 600, schedules: [] };
const WEEK = ['mon', 'tue', 'wed', 'thu', 'fri'] as const;
const BERLIN: Scaling = {
  ...PLAIN,
  max: 6,
  schedules: [
    { days: [...WEEK], at: '08:00', timeZone: 'Europe/Berlin', min: 4 },
    { days: [...WEEK], at: '20:30', timeZone: 'Europe/Berlin', min: 1, max: 2 },
    { days: ['sat'], at: '00:00', timeZone: 'UTC', min: 10 },
  ],
};

describe('the limits of a service at a moment', () => {
  it('are those of the manifest when it has no schedules', () => {
    expect(scaleAt(PLAIN, 0)).toEqual({ min: 2, max: 2 });
    expect(scaleAt({ ...PLAIN, max: 5 }, 0)).toEqual({ min: 2, max: 5 });
  });

  it.each([
    { now: '2026-11-25T06:59:00Z', name: 'before eight in Berlin', limits: { min: 1, max: 2 } },
    { now: '2026-11-25T07:00:00Z', name: 'at eight in Berlin', limits: { min: 4, max: 6 } },
    { now: '2026-07-22T06:00:00Z', name: 'at eight of its summer', limits: { min: 4, max: 6 } },
    { now: '2026-11-25T23:00:00Z', name: 'at its midnight', limits: { min: 1, max: 2 } },
    {
      now: '2026-11-28T12:00:00Z',
      name: 'on Saturday, by another clock',
      limits: { min: 10, max: 10 },
    },
    {
      now: '2026-11-30T06:00:00Z',
      name: 'on Monday morning, since Saturday',
      limits: { min: 10, max: 10 },
    },
  ])('are those of the schedule that began last: $name', ({ now, limits }) => {
    expect(scaleAt(BERLIN, Date.parse(now))).toEqual(limits);
  });
});
