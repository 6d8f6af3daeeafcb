import { codeBuildRules } from '../../../support/aws/rules/codebuild.ts';
import type { AwsRule } from '../../../support/aws/rules/rules.ts';
import { fakeClock } from '../../../support/clock/fake-clock.ts';

const BUILD = { projectName: 'image', idempotencyToken: 't1' };

/** What the rules make of a StartBuild. Step Functions calls it, and no client of ours. */
async function startBuild(rules: readonly AwsRule[], input: Readonly<Record<string, unknown>>) {
  const call = { command: 'StartBuild', input, send: () => Promise.reject(new Error('unused')) };
  for (const rule of rules) {
    const ruling = await rule.before?.(call);
    if (ruling) return ruling;
  }
  return undefined;
}

it('an idempotency token is for the same parameters, for 5 minutes', async () => {
  const clock = fakeClock(0);
  const rules = codeBuildRules({ now: clock.now, running: () => 0, runningMost: 1 });
  const other = { ...BUILD, projectName: 'other' };

  const first = await startBuild(rules, BUILD);
  const again = await startBuild(rules, BUILD);
  const refused = await startBuild(rules, other);
  clock.advance(300_000);
  const later = await startBuild(rules, other);

  expect([first, again, later]).toEqual([undefined, undefined, undefined]);
  expect(refused).toMatchObject({ name: 'InvalidInputException' });
});

it('an account runs so many builds at once', async () => {
  let running = 0;
  const rules = codeBuildRules({ now: () => 0, running: () => running, runningMost: 1 });

  const first = await startBuild(rules, BUILD);
  running = 1;

  expect(first).toBeUndefined();
  expect(await startBuild(rules, { ...BUILD, idempotencyToken: 't2' })).toMatchObject({
    name: 'AccountLimitExceededException',
  });
});
