import { lambdaRate } from '../aws/rules/lambda-rate.ts';
import { fakeClock } from '../clock/fake-clock.ts';
import { ruled } from './ruled.ts';

const COUNTED = [
  ...['AddPermission', 'CreateAlias', 'CreateFunction', 'DeleteAlias', 'DeleteFunction'],
  ...['GetAlias', 'ListVersionsByFunction', 'PublishVersion', 'RemovePermission', 'UpdateAlias'],
  ...['UpdateFunctionCode', 'UpdateFunctionConfiguration'],
];

/** What 15 requests in one moment are answered, which is nothing, and those after them. */
async function asked(commands: readonly string[], now = () => 0, rules = lambdaRate(now)) {
  const outcomes: unknown[] = [];
  for (const command of commands) outcomes.push(await ruled(rules, `Lambda.${command}`, {}));
  expect(outcomes.slice(0, 15)).toEqual(Array(15).fill(undefined));
  return outcomes.slice(15);
}

describe('the control plane of Lambda', () => {
  it.each(COUNTED)('takes 15 requests of %s in a moment', async (command) => {
    const outcomes = await asked(Array(17).fill(command));

    expect(outcomes).toEqual(['TooManyRequestsException', 'TooManyRequestsException']);
  });

  it('counts what changes functions together, and nothing else', async () => {
    const mixed = [...COUNTED, ...COUNTED].slice(0, 15);

    expect(await asked([...mixed, 'GetFunction', 'GetAlias'])).toEqual([
      undefined,
      'TooManyRequestsException',
    ]);
  });

  it('takes more once a second is over', async () => {
    const clock = fakeClock(0);
    const rules = lambdaRate(clock.now);
    await asked(Array(15).fill('GetAlias'), clock.now, rules);
    const once = () => ruled(rules, 'Lambda.GetAlias', {});

    clock.advance(999);
    expect(await once()).toBe('TooManyRequestsException');
    clock.advance(1);
    expect(await once()).toBeUndefined();
  });
});
