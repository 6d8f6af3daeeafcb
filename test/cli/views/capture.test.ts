import { captureLines } from '../../../src/cli/views/capture.ts';

const NOTHING = { seen: 0, kept: 0, full: 0, large: 0, private: 0, form: 0, failed: 0 };
const BUDGET = { requestsPerHour: 100, megabytes: 200, days: 7, private: ['ssn'] };
const DAY = {
  day: '2026-12-01',
  counts: { ...NOTHING, seen: 5312, kept: 120, private: 12 },
  sampled: 100,
  opens: 100,
  bytes: 100_000,
};

describe('the kept requests of a model in a terminal', () => {
  it('are counted by day, after what may be kept', () => {
    expect(captureLines('iris', { budget: BUDGET, days: [DAY] })).toEqual([
      'iris keeps at most 100 requests of an hour and 200 MB, for 7 days, and none with the fields: ssn',
      '2026-12-01  100 of 5312 requests, 0.1 MB',
      '            not kept: 12 with a private field',
    ]);
  });

  it('are none yet, or none any more, or never were', () => {
    expect(captureLines('iris', { budget: { ...BUDGET, days: 1, private: [] }, days: [] })).toEqual(
      [
        'iris keeps at most 100 requests of an hour and 200 MB, for 1 day',
        'It has kept no request yet.',
      ],
    );
    expect(captureLines('iris', { budget: null, days: [DAY] })[0]).toBe(
      'The live version of iris keeps no requests',
    );
    expect(captureLines('iris', { budget: null, days: [] })[0]).toBe('No request of iris is kept.');
  });
});
