import { CONTROL_PLANE, lambdaRate } from '../aws/rules/lambda-rate.ts';
import { fakeClock } from '../clock/fake-clock.ts';
import { ruled } from './ruled.ts';

/** Expects that the first 15 requests of one moment are taken, and returns the outcomes of those after them. */
async function asked(commands: readonly string[], now = () => 0, rules = lambdaRate(now)) {
  const outcomes: unknown[] = [];
  for (const command of commands) outcomes.push(await ruled(rules, `Lambda.${command}`, {}));
  expect(outcomes.slice(0, 15)).toEqual(Array(15).fill(undefined));
  return outcomes.slice(15);
}

describe('the control plane of Lambda', () => {
  it.each(CONTROL_PLANE)('takes 15 requests of %s in a moment', async (command) => {
    const outcomes = await asked(Array(17).fill(command));

    expect(outcomes).toEqual(['TooManyRequestsException', 'TooManyRequestsException']);
  });

  it('counts what changes functions together, and nothing else', async () => {
    const mixed = CONTROL_PLANE.slice(0, 15);

    expect(await asked([...mixed, 'GetFunction', 'GetAlias'])).toEqual([
      undefined,
      'TooManyRequestsException',
    ]);
  });

  it('takes one more every fifteenth of a second', async () => {
    const clock = fakeClock(0);
    const rules = lambdaRate(clock.now);
    await asked(Array(15).fill('GetAlias'), clock.now, rules);
    const once = () => ruled(rules, 'Lambda.GetAlias', {});

    clock.advance(66);
    expect(await once()).toBe('TooManyRequestsException');
    clock.advance(1);
    expect(await once()).toBeUndefined();
    expect(await once()).toBe('TooManyRequestsException');
  });

  it('takes less from one where somebody else asks too', async () => {
    const clock = fakeClock(0);
    const rules = lambdaRate(clock.now, 10);
    await asked(Array(15).fill('GetAlias'), clock.now, rules);
    const outcomes: unknown[] = [];

    for (let seconds = 0; seconds < 4; seconds += 1) {
      clock.advance(1_000);
      for (let calls = 0; calls < 6; calls += 1) {
        outcomes.push(await ruled(rules, 'Lambda.GetAlias', {}));
      }
    }

    expect(outcomes.filter((outcome) => outcome === undefined)).toHaveLength(20);
  });
});
