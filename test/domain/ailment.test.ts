import { ailmentsOf } from '#domain/ailment.ts';

const WELL = { requests: 100, serverErrors: 10, ends: 2 };

describe('a live version', () => {
  it.each([
    ['answers most of its requests', WELL],
    ['had too few requests to tell', { requests: 9, serverErrors: 9, ends: 0 }],
    ['had none', { requests: 0, serverErrors: 0, ends: 0 }],
    ['fails somewhat fewer than nine in ten', { ...WELL, serverErrors: 89 }],
  ])('that %s is well', (_, lately) => {
    expect(ailmentsOf('my-model-v12', lately)).toEqual([]);
  });

  it('that fails nine in ten of its requests is told, with what to do', () => {
    expect(ailmentsOf('my-model-v12', { ...WELL, serverErrors: 90 })).toEqual([
      {
        reason: 'my-model-v12 failed 90 of its 100 requests in the last 5 minutes',
        fix: '`slipway logs my-model` says more; `slipway rollback my-model` makes the version before live again.',
      },
    ]);
  });

  it('whose servers ended three times in ten minutes is told, beside what it fails', () => {
    const found = ailmentsOf('digits-v1', { requests: 10, serverErrors: 10, ends: 3 });

    expect(found.map(({ reason }) => reason)).toEqual([
      'digits-v1 failed 10 of its 10 requests in the last 5 minutes',
      'digits-v1 restarts in a loop: its servers ended 3 times in the last 10 minutes',
    ]);
  });
});
