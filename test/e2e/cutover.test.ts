import { type Run, runCutovers } from '../support/cutover/run.ts';
import { across, lost, strays } from '../support/cutover/verdict.ts';

// The long form is bench/cutover.ts.
const WISH = { requests: 3_000, rate: 1_000, cutovers: 5, rolledBack: 2 };

describe.each([
  { target: 'fargate', where: 'on Fargate' },
  { target: 'lambda', where: 'on Lambda' },
  { target: 'both', where: 'between Lambda and Fargate' },
] as const)('cutovers $where under load', ({ target }) => {
  let run: Run;
  beforeAll(async () => {
    run = await runCutovers({ ...WISH, target });
  });

  it('lose no request', () => {
    expect(run.seen.length).toBeGreaterThanOrEqual(WISH.requests);
    expect(lost(run)).toEqual([]);
  });

  it('each answer is of a version that had a share while its request was under way', () => {
    expect(strays(run)).toEqual([]);
    expect([...new Set(run.seen.map(({ revision }) => revision))].sort()).toEqual([
      'digits-v1',
      'digits-v2',
      'ticker-v1',
      'ticker-v2',
    ]);
  });

  it('slow and streamed requests were under way while shares changed, on kept and on new connections', () => {
    expect(run.shiftsMs).toHaveLength(9);
    for (const kind of ['kept', 'fresh', 'slow', 'stream'] as const) {
      expect(across(run, [kind])).toBeGreaterThan(0);
    }
  });
});
