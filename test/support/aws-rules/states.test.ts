import { statesRules } from '../aws/rules/states.ts';
import { ruled } from './ruled.ts';

describe('the input of an execution', () => {
  it.each([
    { what: 'that is not there', outcome: undefined },
    { what: 'of 256 KiB', input: 'x'.repeat(262_144), outcome: undefined },
    { what: 'of a byte more', input: 'x'.repeat(262_145), outcome: 'ValidationException' },
    {
      what: 'of fewer characters with more bytes',
      input: 'é'.repeat(131_073),
      outcome: 'ValidationException',
    },
  ])('$what is $outcome', async ({ input, outcome }) => {
    expect(await ruled(statesRules, 'SFN.StartExecution', { input })).toBe(outcome);
  });
});
