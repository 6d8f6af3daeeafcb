import { codeBuildRules } from '../aws/rules/codebuild.ts';
import { fakeClock } from '../clock/fake-clock.ts';
import { ruled } from './ruled.ts';

const BUILD = { projectName: 'image', idempotencyToken: 't1' };
const OTHER = { ...BUILD, projectName: 'other' };
const FIVE_MINUTES_MS = 300_000;

// Step Functions starts builds, and no client of ours.
const start = (rules: ReturnType<typeof codeBuildRules>, input: object) =>
  ruled(rules, 'CodeBuild.StartBuild', input);

describe('an idempotency token', () => {
  function project() {
    const clock = fakeClock(0);
    const rules = codeBuildRules({ now: clock.now, running: () => 0, runningMost: 1 });
    return { clock, started: (input: object) => start(rules, input) };
  }

  it('is for the same parameters', async () => {
    const { started } = project();

    expect(await started(BUILD)).toBeUndefined();
    expect(await started(OTHER)).toBe('InvalidInputException');
    expect(await started(BUILD)).toBeUndefined();
    expect(await started({ ...OTHER, idempotencyToken: 't2' })).toBeUndefined();
  });

  it('is kept for 5 minutes', async () => {
    const { clock, started } = project();
    await started(BUILD);

    clock.advance(FIVE_MINUTES_MS - 1);
    expect(await started(OTHER)).toBe('InvalidInputException');
    clock.advance(1);
    expect(await started(OTHER)).toBeUndefined();
    expect(await started(BUILD)).toBe('InvalidInputException');
  });

  it('may be missing', async () => {
    const { started } = project();

    expect(await started({ projectName: 'image' })).toBeUndefined();
    expect(await started({ projectName: 'other' })).toBeUndefined();
  });
});

it('an account runs so many builds at once', async () => {
  let running = 1;
  const rules = codeBuildRules({ now: () => 0, running: () => running, runningMost: 2 });

  expect(await start(rules, BUILD)).toBeUndefined();
  running = 2;
  expect(await start(rules, { ...BUILD, idempotencyToken: 't2' })).toBe(
    'AccountLimitExceededException',
  );
});
